import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';
import { runCommand, succeeds } from './run-command.mjs';
import { SetupError } from './setup-error.mjs';

/** Where the packages of the system are unpacked for this checkout alone. */
const REDIS_FOLDER = join(ROOT, '.redis', 'server');
const APT = 'apt-get';
const UNPACK = 'dpkg-deb';
const PACKAGES = ['redis-server', 'valkey-server'];
const APT_STATE = join(REDIS_FOLDER, 'apt');
const LAUNCHER = join(REDIS_FOLDER, 'redis-server');

/** Returns the path of a Redis that `unpackRedis` left, or undefined. */
export function unpackedRedis() {
  return existsSync(LAUNCHER) ? LAUNCHER : undefined;
}

/** True where the system's packages can be downloaded and unpacked without its administrator. */
export function canUnpackRedis() {
  return succeeds(APT, ['--version']) && succeeds(UNPACK, ['--version']);
}

/**
 * Downloads the Debian packages of a Redis that the system lacks and unpacks them below .redis: neither needs root. Their
 * lists are fetched for this folder alone where the system has none. Leaves nothing when it fails.
 * @throws SetupError when a package cannot be downloaded or unpacked.
 */
export async function unpackRedis() {
  const root = join(REDIS_FOLDER, 'root');
  const archives = join(REDIS_FOLDER, 'archives');
  try {
    for (const folder of [root, archives]) mkdirSync(folder, { recursive: true });
    const { apt, names } = await listPackages();
    if (names.length === 0) throw new SetupError('The package lists of this system name no Redis.');
    await runCommand(APT, [...apt, '-q', 'download', ...names], { folder: archives });
    for (const name of readdirSync(archives)) await runCommand(UNPACK, ['-x', join(archives, name), root]);
    writeLauncher(root);
  } catch (error) {
    rmSync(REDIS_FOLDER, { recursive: true, force: true });
    throw error;
  }
  for (const folder of [archives, APT_STATE]) rmSync(folder, { recursive: true, force: true });
}

/** Returns the packages that a server needs beyond what is installed, and the options with which apt knows them. */
async function listPackages() {
  const known = namesWith([]);
  if (known.length > 0) return { apt: [], names: known };
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(APT_STATE, folder), { recursive: true });
  const apt = ['-o', `Dir::State::lists=${APT_STATE}/lists`, '-o', `Dir::Cache=${APT_STATE}/cache`];
  await runCommand(APT, [...apt, '-q', 'update']);
  return { apt, names: namesWith(apt) };
}

/** A dry run needs no rights. Names nothing where the system has the newest Redis of its lists, however old that is. */
function namesWith(apt) {
  for (const name of PACKAGES) {
    const args = [...apt, '-s', '-o', 'Debug::NoLocking=1', 'install', '--no-install-recommends', name];
    const { status, stdout } = spawnSync(APT, args, { encoding: 'utf8' });
    const names = [...(stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(([, found]) => found);
    if (status === 0 && names.length > 0) return names;
  }
  return [];
}

/** Its libraries are in the same folder; the loader needs their path. */
function writeLauncher(root) {
  const binary = PACKAGES.map((name) => join(root, 'usr/bin', name)).find((path) => existsSync(path));
  const libraries = ['usr/lib', 'lib']
    .flatMap((folder) => listFolders(join(root, folder)))
    .filter((folder) => readdirSync(folder).some((file) => file.includes('.so')));
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  writeFileSync(
    LAUNCHER,
    `#!/bin/sh\nLD_LIBRARY_PATH=${quote(libraries.join(':'))} exec ${quote(binary)} "$@"\n`,
  );
  chmodSync(LAUNCHER, 0o755);
}

/** A folder, where it exists, and those in it. */
function listFolders(folder) {
  if (!existsSync(folder)) return [];
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [folder, ...inside.map(({ name }) => join(folder, name))];
}
