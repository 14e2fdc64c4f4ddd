import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';
import { unpackPackages } from './unpack-packages.mjs';

/** Where the packages of the system are unpacked for this checkout alone. */
const REDIS_FOLDER = join(ROOT, '.redis', 'server');
const PACKAGES = ['redis-server', 'valkey-server'];
const LAUNCHER = join(REDIS_FOLDER, 'redis-server');

/** Returns the path of a Redis that `unpackRedis` left, or undefined. */
export function unpackedRedis() {
  return existsSync(LAUNCHER) ? LAUNCHER : undefined;
}

/**
 * Unpacks the Debian packages of a Redis that the system lacks below .redis. Leaves nothing when it fails.
 * @throws SetupError as `unpackPackages`.
 */
export async function unpackRedis() {
  const root = await unpackPackages(REDIS_FOLDER, { candidates: PACKAGES });
  try {
    writeLauncher(root);
  } catch (error) {
    rmSync(REDIS_FOLDER, { recursive: true, force: true });
    throw error;
  }
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
