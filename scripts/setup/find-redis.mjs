import { spawnSync } from 'node:child_process';
import { runCommand, succeeds } from './run-command.mjs';
import { Interrupted, SetupError } from './setup-error.mjs';
import { showStep } from './show-step.mjs';
import { canUnpackPackages } from './unpack-packages.mjs';
import { unpackedRedis, unpackRedis } from './unpack-redis.mjs';

const BINARIES = ['redis-server', 'valkey-server'];
/** The oldest version BullMQ recommends. Valkey began with 7.2. */
const NEEDED = [6, 2];

/** How each system's package manager installs a server: packages in the order they are tried. */
const MANAGERS = [
  {
    command: 'apt-get',
    refresh: ['update', '-q'],
    install: ['install', '-y', '-q', '--no-install-recommends'],
    packages: ['redis-server', 'valkey-server'],
  },
  { command: 'dnf', install: ['install', '-y', '-q'], packages: ['redis', 'valkey'] },
  { command: 'apk', install: ['add', '--no-cache', '-q'], packages: ['redis', 'valkey'] },
  { command: 'brew', install: ['install', '-q'], packages: ['redis', 'valkey'], asUser: true },
];

/**
 * Returns the name or path of a Redis or Valkey server binary. Where there is none it is installed with the system's
 * package manager or, for a user who may not install, unpacked below .redis from the packages of the system.
 * @throws SetupError that says what to do.
 */
export async function findRedis() {
  const found = installedRedis();
  if (found) return found;
  const manager = MANAGERS.find(({ command }) => succeeds(command, ['--version']));
  const prefix = manager ? privilege(manager) : undefined;
  if (manager && prefix) await installWith(manager, prefix);
  else if (canUnpackPackages())
    await showStep('Unpacking a Redis for this folder alone', unpackRedis).catch(show);
  const installed = installedRedis();
  if (installed) return installed;
  const how = manager ? commandLine(manager) : 'https://redis.io or https://valkey.io';
  throw new SetupError(
    `No Redis ${NEEDED.join('.')} or newer found, and none could be installed. Do one of these, then start again:\n` +
      `  install one: ${how}\n` +
      '  run one in Docker: docker run -d -p 127.0.0.1:6379:6379 redis:7, and set REDIS_URL=redis://127.0.0.1:6379\n' +
      '  set REDIS_URL to one that runs elsewhere',
  );
}

function installedRedis() {
  return [...BINARIES, unpackedRedis()].find((name) => {
    if (name === undefined) return false;
    const { status, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
    const version = /v=(\d+)\.(\d+)/.exec(stdout ?? '');
    if (status !== 0 || !version) return false;
    const [major, minor] = [Number(version[1]), Number(version[2])];
    return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
  });
}

/** Returns the words to put before a command so that it may install, or undefined when the user may not. */
function privilege({ asUser }) {
  if (asUser || process.getuid?.() === 0) return [];
  return succeeds('sudo', ['-n', 'true']) ? ['sudo', '-n'] : undefined;
}

/** If a package is unavailable, the next one is tried; the caller checks the result. */
async function installWith(manager, prefix) {
  console.error(`Installing a Redis: ${commandLine(manager)}`);
  const start = [...prefix, ...environment(manager), manager.command];
  const run = ([command, ...args]) => runCommand(command, args);
  if (manager.refresh) await run([...start, ...manager.refresh]).catch(show);
  for (const name of manager.packages) {
    if (installedRedis()) return;
    await run([...start, ...manager.install, name]).catch(show);
  }
}

function show(error) {
  if (error instanceof Interrupted) throw error;
  console.error(error.message);
}

/** apt must not ask questions; RUNLEVEL=1 keeps Debian from starting a second server beside the one started here. */
function environment({ command }) {
  return command === 'apt-get' ? ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'] : [];
}

function commandLine({ command, install, packages, asUser }) {
  return [...(asUser ? [] : ['sudo']), command, install[0], packages[0]].join(' ');
}
