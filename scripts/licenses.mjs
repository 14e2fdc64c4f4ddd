// Lists the licences of everything that is shipped and fails on one that is not permissive: `npm run licenses`.
// Reads package-lock.json, where npm keeps the licence that each package declares.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const PERMISSIVE = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PSF-2.0',
  'Unlicense',
];

/** Packages under another licence, each with the reason why it may be shipped. */
const EXCEPTIONS = [
  {
    pattern: /^@img\/sharp-(libvips-|win32-|wasm32)/,
    licence: 'LGPL-3.0-or-later',
    reason: 'libvips as a shared library of its own, unchanged, that can be replaced',
  },
];

/** Returns whether an SPDX expression offers a choice all of whose parts are in `allowed`. */
export function isAllowed(expression, allowed) {
  return expression
    .replace(/[()]/g, '')
    .split(/\s+OR\s+/)
    .some((choice) => choice.split(/\s+AND\s+/).every((licence) => allowed.includes(licence)));
}

/** Returns what the lock ships, as `{name, version, licence, allowed, reason?}`: everything but development packages. */
export function listLicences(lock) {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional)
    .map(([path, { version, license: licence = 'none declared' }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const exception = EXCEPTIONS.find(({ pattern }) => pattern.test(name));
      const allowed = isAllowed(licence, [...PERMISSIVE, ...(exception ? [exception.licence] : [])]);
      const needed = allowed && exception && !isAllowed(licence, PERMISSIVE);
      return { name, version, licence, allowed, ...(needed ? { reason: exception.reason } : {}) };
    });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const packages = listLicences(JSON.parse(readFileSync('package-lock.json', 'utf8')));
  for (const [licence, members] of groupByLicence(packages)) {
    console.log(`\n${licence} (${members.length})`);
    for (const { name, version, reason } of members)
      console.log(`  ${name} ${version}${reason ? `: ${reason}` : ''}`);
  }
  const refused = packages.filter((item) => !item.allowed);
  for (const { name, licence } of refused) console.error(`\nNot permissive: ${name} (${licence})`);
  process.exitCode = refused.length > 0 ? 1 : 0;
}

function groupByLicence(packages) {
  const groups = new Map();
  for (const item of packages) groups.set(item.licence, [...(groups.get(item.licence) ?? []), item]);
  return groups;
}
