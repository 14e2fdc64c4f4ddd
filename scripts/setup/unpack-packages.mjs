import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, succeeds } from './run-command.mjs';
import { SetupError } from './setup-error.mjs';

const APT = 'apt-get';
const UNPACK = 'dpkg-deb';
/** A mirror that does not answer costs seconds, not minutes. */
const PATIENCE = ['http::Timeout=15', 'https::Timeout=15', 'Retries=1'].flatMap((option) => [
  '-o',
  `Acquire::${option}`,
]);

/** True where the system's packages can be downloaded and unpacked without its administrator. */
export function canUnpackPackages() {
  return succeeds(APT, ['--version']) && succeeds(UNPACK, ['--version']);
}

/**
 * Downloads a Debian package and unpacks it below `folder`: neither needs root. Their lists are fetched for this folder
 * alone where the system has none. Leaves nothing when it fails. `candidates`: names; the first that exists and is not
 * installed is used, with the packages it needs that pass `isNeeded`. Returns the folder that holds its files.
 * @throws SetupError when a package cannot be downloaded or unpacked.
 */
export async function unpackPackages(folder, { candidates, isNeeded = () => true }) {
  const root = join(folder, 'root');
  const archives = join(folder, 'archives');
  const aptState = join(folder, 'apt');
  try {
    for (const made of [root, archives]) mkdirSync(made, { recursive: true });
    const { options, names } = await listPackages(candidates, aptState);
    if (names.length === 0)
      throw new SetupError(`The package lists of this system name none of: ${candidates.join(', ')}.`);
    await runCommand(APT, [...options, ...PATIENCE, '-q', 'download', ...names.filter(isNeeded)], {
      folder: archives,
    });
    for (const name of readdirSync(archives)) await runCommand(UNPACK, ['-x', join(archives, name), root]);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  for (const made of [archives, aptState]) rmSync(made, { recursive: true, force: true });
  return root;
}

/** Returns the packages that a candidate needs beyond what is installed, and the options with which apt knows them. */
async function listPackages(candidates, aptState) {
  const known = namesWith([], candidates);
  if (known.length > 0) return { options: [], names: known };
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(aptState, folder), { recursive: true });
  const options = ['-o', `Dir::State::lists=${aptState}/lists`, '-o', `Dir::Cache=${aptState}/cache`];
  await runCommand(APT, [...options, ...PATIENCE, '-q', 'update']);
  return { options, names: namesWith(options, candidates) };
}

/** A dry run needs no rights. Names nothing where the system has the newest candidate of its lists, however old that is. */
function namesWith(options, candidates) {
  for (const name of candidates) {
    const args = [...options, '-s', '-o', 'Debug::NoLocking=1', 'install', '--no-install-recommends', name];
    const { status, stdout } = spawnSync(APT, args, { encoding: 'utf8' });
    const names = [...(stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(([, found]) => found);
    if (status === 0 && names.length > 0) return names;
  }
  return [];
}
