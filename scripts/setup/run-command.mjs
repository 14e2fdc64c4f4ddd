import { execFile, spawn, spawnSync } from 'node:child_process';
import { ROOT } from './root.mjs';
import { Interrupted, SetupError } from './setup-error.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** How long an interrupted command may take to end, ms; npm would first undo its whole install. */
const GRACE_MS = 2_000;

/**
 * Runs a command in the repository's root and shows what it prints on standard error, so that a script's own output
 * stays clean. A signal to this process ends the command and all it started: they form a group of their own. `folder`:
 * where it runs instead. `signal`: ends it as well.
 * @throws SetupError when it cannot be started, fails or is interrupted.
 */
export async function runCommand(command, args, { folder = ROOT, signal = undefined } = {}) {
  const child = spawn(command, args, {
    cwd: folder,
    stdio: ['ignore', process.stderr.fd, 'inherit'],
    detached: true,
  });
  let interrupted = false;
  const passOn = (name) => {
    if (!interrupted) setTimeout(killGroup, GRACE_MS, child.pid).unref();
    interrupted = true;
    if (child.pid) process.kill(-child.pid, name);
  };
  const end = () => passOn('SIGTERM');
  for (const name of SIGNALS) process.on(name, passOn);
  signal?.addEventListener('abort', end);
  const reason = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${code ?? signal}`));
  });
  for (const name of SIGNALS) process.off(name, passOn);
  signal?.removeEventListener('abort', end);
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

/** Runs npm with the user's own configuration; `options` as for `runCommand`. */
export function runNpm(args, options) {
  const [command, ...first] = npmCommand();
  return runCommand(command, [...first, ...args], options);
}

/** Runs npm and resolves with what it printed, all together, and whether it ended well. */
export function askNpm(args) {
  const [command, ...first] = npmCommand();
  return new Promise((resolve) => {
    execFile(command, [...first, ...args], { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ ok: error === null, text: `${stdout}${stderr}` }),
    );
  });
}

/** `npm_execpath` is the npm that started us, where one did. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('.js')) return [process.execPath, cli];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}
