import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dropForeignBinaries } from './drop-foreign-binaries.mjs';
import { ROOT } from './root.mjs';
import { runNpm } from './run-command.mjs';
import { Interrupted, SetupError } from './setup-error.mjs';
import { watchRegistry } from './watch-registry.mjs';

/**
 * Installs exactly what package-lock.json names, when node_modules lacks any of it. npm writes
 * node_modules/.package-lock.json as the last act of an install, so an interrupted one counts as missing.
 */
export async function installDependencies() {
  const wanted = readPackages('package-lock.json');
  const installed = readPackages('node_modules/.package-lock.json');
  const stale = staleDependency(wanted ?? {}, installed ?? {});
  if (stale === undefined) return;
  console.error(installed ? `Dependencies are stale (${stale}): npm ci` : 'Installing dependencies: npm ci');
  accessSync(ROOT, constants.W_OK);
  await installWatched();
  dropForeignBinaries(join(ROOT, 'node_modules'));
}

/** Development dependencies are needed to build, also where NODE_ENV says production. */
async function installWatched() {
  const ending = new AbortController();
  const givingUp = new AbortController();
  const watching = watchRegistry(ending.signal);
  let problem;
  void watching.then((found) => {
    problem = found;
    if (found) givingUp.abort();
  });
  try {
    await runNpm(['ci', '--include=dev'], { signal: givingUp.signal });
  } catch (error) {
    if (error instanceof Interrupted && problem === undefined) throw error;
    const reason = problem ? `Giving up: ${problem}` : `${error.message}\nThe lines above say why.`;
    throw new SetupError(`${reason} The first start needs the npm registry.`);
  } finally {
    ending.abort();
  }
}

/** Returns the path of one package that is wanted here and not installed in that version, or undefined. */
export function staleDependency(wanted, installed, platform = process) {
  return Object.keys(wanted).find((path) => {
    if (path === '' || installed[path]?.version === wanted[path].version) return false;
    return installed[path] !== undefined || !maySkip(wanted[path], platform);
  });
}

/** An optional package of another system may be missing; one for this system may too where its libc is not ours. */
function maySkip(entry, { platform, arch }) {
  if (!entry.optional) return false;
  const otherSystem = entry.os !== undefined && !entry.os.includes(platform);
  const otherProcessor = entry.cpu !== undefined && !entry.cpu.includes(arch);
  return otherSystem || otherProcessor || entry.libc !== undefined || entry.os === undefined;
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
