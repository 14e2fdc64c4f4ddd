import { spawn } from 'node:child_process';
import { UserError } from '../user-error.js';

/** Time limit of one fetch, ms: 41 MB at 80 kB/s. */
const FETCH_TIMEOUT_MS = 600_000;

/**
 * Runs the client of a package index and returns its exit status and all its output.
 * @throws UserError if it is not on the PATH.
 */
export function runClient(
  command: string,
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: FETCH_TIMEOUT_MS,
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    child.once('error', (cause) => reject(new UserError(`${command} is not on the PATH.`, { cause })));
    child.once('close', (code) => resolve({ code, output }));
  });
}
