import { existsSync, statfsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CACHE } from './cache.js';
import { attempt } from './run.js';

/** Programs that are used as they are. */
const PROGRAMS = ['apt-get', 'dpkg-deb', 'git', 'go', 'nice', 'npm', 'nsenter', 'setpriv', 'tar', 'unshare'];
/** What an empty cache grows to while it is filled, bytes; afterwards about a third of it. */
const NEEDED_SPACE = 12e9;

/** Returns why this machine cannot run the test, or undefined if it can. */
export async function findObstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root, because a Docker engine does';
  const path = (process.env.PATH ?? '').split(delimiter);
  const missing = PROGRAMS.filter((name) => !path.some((folder) => existsSync(join(folder, name))));
  if (missing.length > 0) return `these programs are missing: ${missing.join(', ')}`;
  if (!existsSync('/dev/net/tun')) return 'the kernel gives it no /dev/net/tun';
  const namespaces = await attempt('unshare', [
    '--mount',
    '--net',
    '--pid',
    '--fork',
    '--mount-proc',
    'true',
  ]);
  if (namespaces.code !== 0) return `the kernel gives it no namespaces: ${namespaces.output.trim()}`;
  const { bavail, bsize } = statfsSync(existsSync(CACHE) ? CACHE : '/');
  const isFilled = existsSync(join(CACHE, 'complete'));
  if (!isFilled && bavail * bsize < NEEDED_SPACE)
    return `it needs ${NEEDED_SPACE / 1e9} GB of free disk space`;
  return undefined;
}
