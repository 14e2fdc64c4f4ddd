// Adds the platform packages that package-lock.json lacks, so that `npm ci` accepts it on every platform.
//
// npm leaves an optional dependency out of the lock when the registry it was made with does not hold it (a mirror
// often has only the platforms its own machines ask for). `npm ci` then refuses the lock everywhere, since it no
// longer agrees with the packages' own lists. The entries added here carry the exact version that the parent names,
// and no integrity: npm takes that from the registry when it installs one.
//
//   node scripts/complete-lockfile.mjs           completes the lock
//   node scripts/complete-lockfile.mjs --check   exits 1 when something is missing
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
/** Longest first: `arm64` holds `arm`. */
const PROCESSORS = ['riscv64', 'arm64', 'ppc64', 's390x', 'wasm32', 'ia32', 'x64', 'arm'];

/** Returns every optional dependency that no entry of `packages` stands for, as `{path, name, version, parent, license?}`. */
export function missingPackages(packages) {
  const missing = [];
  for (const [path, parent] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
      if (places.some((place) => place in packages)) continue;
      missing.push({ path: places[1], name, version, parent, license: siblingLicence(parent, packages) });
    }
  }
  return missing;
}

/** The licence that the same parent's packages for other platforms share, or undefined. */
function siblingLicence(parent, packages) {
  const siblings = Object.keys(parent.optionalDependencies).map((name) => packages[`node_modules/${name}`]);
  const licences = new Set(siblings.flatMap((sibling) => sibling?.license ?? []));
  return licences.size === 1 ? [...licences][0] : undefined;
}

/** Returns the lock entry of one missing package. Throws when its version is a range or its name tells no platform. */
export function lockEntry({ name, version, parent, license }) {
  if (!/^\d+\.\d+\.\d+[\w.-]*$/.test(version)) throw new Error(`${name}: ${version} is not an exact version`);
  const os = SYSTEMS.find((system) => name.includes(system));
  const cpu = PROCESSORS.find((processor) => name.includes(processor));
  if (!os || !cpu) throw new Error(`${name}: the name tells no platform`);
  return {
    version,
    cpu: [cpu],
    ...(parent.dev ? { dev: true } : {}),
    ...(os === 'linux' && name.includes('musl') ? { libc: ['musl'] } : {}),
    ...(license ? { license } : {}),
    optional: true,
    os: [os],
  };
}

/** Returns the lock with every missing entry added; the packages are ordered by path as npm orders them. */
export function completeLockfile(lock) {
  const added = missingPackages(lock.packages).map((item) => [item.path, lockEntry(item)]);
  const entries = [...Object.entries(lock.packages), ...added];
  entries.sort(([left], [right]) => left.localeCompare(right, 'en'));
  return { ...lock, packages: Object.fromEntries(entries) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const missing = missingPackages(lock.packages);
  for (const { name, version } of missing) console.log(`missing from package-lock.json: ${name} ${version}`);
  if (process.argv.includes('--check')) process.exitCode = missing.length > 0 ? 1 : 0;
  else writeFileSync('package-lock.json', `${JSON.stringify(completeLockfile(lock), null, 2)}\n`);
}
