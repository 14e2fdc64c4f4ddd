import { spawn, spawnSync } from 'node:child_process';
import { ROOT } from './root.mjs';
import { Interrupted, SetupError } from './setup-error.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** How long an interrupted command may take to end, ms; npm would first undo its whole install. */
const GRACE_MS = 2_000;

/**
 * Runs a command in the repository's root and shows what it prints on standard error, so that a script's own output
 * stays clean. A signal to this process ends the command and all it started: they form a group of their own.
 * @throws SetupError when it cannot be started, fails or is interrupted.
 */
export async function runCommand(command, args) {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', process.stderr.fd, 'inherit'],
    detached: true,
  });
  let interrupted = false;
  const passOn = (signal) => {
    if (!interrupted) setTimeout(killGroup, GRACE_MS, child.pid).unref();
    interrupted = true;
    if (child.pid) process.kill(-child.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, passOn);
  const reason = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${code ?? signal}`));
  });
  for (const signal of SIGNALS) process.off(signal, passOn);
  if (interrupted) {
    killGroup(child.pid);
    throw new Interrupted('Interrupted.');
  }
  if (reason === undefined) return;
  throw new SetupError(`This command failed (${reason}):\n  ${[command, ...args].join(' ')}`);
}

/** What a command started may not listen to the signals that end the command itself: the TypeScript compiler doesn't. */
function killGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** True when the command can be started and ends with 0; what it prints is dropped. */
export function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Runs npm with the user's own configuration. `npm_execpath` is the npm that started us, where one did. */
export function runNpm(args) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('.js')) return runCommand(process.execPath, [cli, ...args]);
  return runCommand(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
}
