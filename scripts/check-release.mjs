// Checks that a tag can be released, and prints the release notes of its version: node scripts/check-release.mjs v1.2.3
// Exits with 1 if a file names another version, or if CHANGELOG.md has no section of it or entries above it.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const TAG = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/;

/** Every place that names the version; the first group of each match is the version. */
export const PLACES = [
  { file: 'package.json', pattern: /^ {2}"version": "(.*)"/gm },
  { file: 'package-lock.json', pattern: /"name": "face-verification-service",\s+"version": "(.*)"/g },
  { file: 'clients/typescript/package.json', pattern: /^ {2}"version": "(.*)"/gm },
  { file: 'clients/typescript/README.md', pattern: /face-verification-client-(.*)\.tgz/g },
  { file: 'clients/python/pyproject.toml', pattern: /^version = "(.*)"$/gm },
  { file: 'deploy/helm/face-verification/Chart.yaml', pattern: /^(?:version|appVersion): "?([^"\s]*)"?$/gm },
  { file: 'deploy/helm/face-verification/README.md', pattern: /face-verification-worker:(\S+)/g },
  { file: 'docker-compose.yml', pattern: /image: face-verification-[a-z-]+:(\S+)/g },
  { file: 'docs/openapi.json', pattern: /"title": .*\s+"version": "(.*)"/g },
  { file: 'docs/receipts.md', pattern: /face-verification-worker:(\S+)/g },
];

/** Returns what keeps `tag` from being released, a sentence for each fault. `read` returns the text of a file. */
export function releaseFaults(tag, read) {
  const version = TAG.exec(tag)?.[1];
  if (!version) return [`${tag} is not a tag of the form v1.2.3 or v1.2.3-rc.1`];
  return [
    ...PLACES.flatMap((place) => versionFaults(place, version, read)),
    ...changelogFaults(version, read),
  ];
}

function versionFaults({ file, pattern }, version, read) {
  const found = [...read(file).matchAll(pattern)].map((match) => match[1]);
  if (found.length === 0) return [`${file} names no version`];
  return [...new Set(found)]
    .filter((it) => it !== version)
    .map((it) => `${file} has version ${it}, not ${version}`);
}

function changelogFaults(version, read) {
  const text = read('CHANGELOG.md');
  const faults = changelogSection(text, version) ? [] : [`CHANGELOG.md has no section [${version}]`];
  // A pre-release shows what the next version will have.
  if (changelogSection(text, 'Unreleased') && !version.includes('-'))
    faults.push('CHANGELOG.md has unreleased entries; move them to the section of the version');
  return faults;
}

/** Returns the text below the heading of `version`, which can be empty; undefined without the heading. */
export function changelogSection(text, version) {
  const sections = text.split(/^## /m);
  const section = sections.find((it) => it.startsWith(`[${version}]`));
  return section?.slice(section.indexOf('\n') + 1).trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const tag = process.argv[2] ?? '';
  const read = (file) => readFileSync(file, 'utf8');
  const faults = releaseFaults(tag, read);
  for (const fault of faults) console.error(fault);
  if (faults.length === 0) console.log(changelogSection(read('CHANGELOG.md'), tag.slice(1)));
  process.exitCode = faults.length > 0 ? 1 : 0;
}
