import { fileURLToPath } from 'node:url';
import { attempt } from './run.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const VITEST = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const CONFIG = fileURLToPath(new URL('../vitest.config.ts', import.meta.url));

export interface SuiteOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Words to put before the command. */
  readonly prefix?: readonly string[];
}

/**
 * Runs the test files whose path contains `filter`, shows what they print and returns the line that counts them.
 * @throws Error with that line if a test failed.
 */
export async function runSuite(filter: string, { env, prefix = [] }: SuiteOptions): Promise<string> {
  const [command = '', ...args] = [...prefix, process.execPath, VITEST, 'run', '--config', CONFIG, filter];
  const { code, output } = await attempt(command, args, {
    cwd: ROOT,
    env: { ...env, NO_COLOR: '1' },
    show: true,
  });
  const counts = /^\d+ passed, .*$/m.exec(output)?.[0] ?? 'no test ran';
  if (code !== 0) throw new Error(counts);
  return counts;
}
