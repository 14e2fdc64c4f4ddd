import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where everything that the deployment test installs is stored; removing this folder is the whole clean-up. */
export const CACHE = resolve(
  process.env.DEPLOY_TEST_CACHE ?? join(homedir(), '.cache', 'face-verification', 'deploy'),
);

/** Returns a path below CACHE. */
export const cached = (...parts: readonly string[]): string => join(CACHE, ...parts);

/**
 * Makes CACHE and keeps other runs out of it until the returned function is called.
 * @throws Error if another run uses it.
 */
export function lockCache(): () => void {
  mkdirSync(CACHE, { recursive: true });
  const lock = cached('lock');
  const owner = Number(readIfThere(lock));
  if (owner > 0 && isAlive(owner))
    throw new Error(`The process ${owner} already runs this test in ${CACHE}.`);
  writeFileSync(lock, String(process.pid));
  return () => rmSync(lock, { force: true });
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
