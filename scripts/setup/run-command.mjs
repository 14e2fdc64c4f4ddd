import { spawnSync } from 'node:child_process';
import { ROOT } from './root.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * Runs a command in the repository's root and shows what it prints on standard error, so that a script's own output
 * stays clean.
 * @throws SetupError when it cannot be started or fails.
 */
export function runCommand(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', process.stderr.fd, 2] });
  if (status === 0) return;
  const reason = error ? error.message : `it ended with ${status}`;
  throw new SetupError(`This command failed (${reason}):\n  ${[command, ...args].join(' ')}`);
}

/** True when the command can be started and ends with 0; what it prints is dropped. */
export function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Runs npm with the user's own configuration. `npm_execpath` is the npm that started us, where one did. */
export function runNpm(args) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('.js')) runCommand(process.execPath, [cli, ...args]);
  else runCommand(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
}
