import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackPackages } from '../../../scripts/setup/unpack-packages.mjs';
import { cached } from './cache.js';
import { attempt } from './run.js';

/** A Debian package, and the program whose presence on this machine makes it unnecessary. */
const PACKAGES = {
  'docker.io': 'dockerd',
  // The engine looks for it by name.
  tini: 'tini',
  iptables: 'iptables',
  iproute2: 'ip',
  slirp4netns: 'slirp4netns',
  debootstrap: 'debootstrap',
  'etcd-server': 'etcd',
  'redis-server': 'redis-server',
} as const;

/** Programs of Debian packages, with the variables that they need to find each other and their libraries. */
export interface DebianPrograms {
  readonly env: Readonly<Record<string, string>>;
  /** Names of the packages that were unpacked, in this run or before. */
  readonly unpacked: readonly string[];
}

/**
 * Unpacks the Debian packages that this machine lacks below the cache. Nothing is installed in the system, so no
 * service of theirs starts and no other program finds them.
 * @throws SetupError if a package cannot be downloaded.
 */
export async function findDebianPrograms(): Promise<DebianPrograms> {
  const missing = Object.entries(PACKAGES).filter(([, program]) => !isInstalled(program));
  const roots: string[] = [];
  for (const [name] of missing) roots.push(await unpack(name));
  for (const root of roots) addIptablesNames(root);
  const folders = (...places: readonly string[]): string[] =>
    roots.flatMap((root) => places.map((place) => join(root, place))).filter((path) => existsSync(path));
  const programs = folders('usr/bin', 'usr/sbin', 'bin', 'sbin');
  const libraries = folders('usr/lib', 'lib').flatMap(listFolders);
  const [tables] = libraries.map((path) => join(path, 'xtables')).filter((path) => existsSync(path));
  const [scripts] = folders('usr/share/debootstrap');
  return {
    unpacked: missing.map(([name]) => name),
    env: {
      PATH: [...programs, process.env.PATH].join(delimiter),
      LD_LIBRARY_PATH: [...libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter),
      ...(tables ? { XTABLES_LIBDIR: tables } : {}),
      ...(scripts ? { DEBOOTSTRAP_DIR: scripts } : {}),
    },
  };
}

/** Returns the folder with the files of a package and of those that it needs. */
async function unpack(name: string): Promise<string> {
  const folder = cached('debian', name);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return join(folder, 'root');
  const options = { candidates: [name] };
  // The package lists of this machine can be older than what its mirror still has.
  await unpackPackages(folder, options).catch(async () => {
    await attempt('apt-get', ['-q', 'update']);
    await unpackPackages(folder, options);
  });
  writeFileSync(complete, '');
  return join(folder, 'root');
}

function isInstalled(program: string): boolean {
  const path = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return path.some((folder) => existsSync(join(folder, program)));
}

/** The package's installation script, which does not run here, makes these links. */
function addIptablesNames(root: string): void {
  const folder = join(root, 'usr/sbin');
  for (const name of ['iptables', 'ip6tables'])
    for (const part of ['', '-save', '-restore']) {
      const [real, link] = [`${name}-nft${part}`, join(folder, `${name}${part}`)];
      if (existsSync(join(folder, real)) && !existsSync(link)) symlinkSync(real, link);
    }
}

/** A folder and those in it. */
function listFolders(folder: string): string[] {
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [folder, ...inside.map(({ name }) => join(folder, name))];
}
