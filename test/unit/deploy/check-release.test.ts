import { describe, expect, it } from 'vitest';
import { changelogSection, PLACES, releaseFaults } from '../../../scripts/check-release.mjs';
import { readFromRoot } from './read-dockerfile.js';

const { version } = JSON.parse(readFromRoot('package.json'));
const CHANGELOG = `# Changelog\n\n## [Unreleased]\n\n## [${version}]\n\n### Fixed\n\n- A fault.\n\n## [0.0.1]\n\n- Old.\n`;

/** Returns the files of this repository, with a changelog that is ready, and `changed` ones. */
const readWith =
  (changed: Readonly<Record<string, string>> = {}) =>
  (file: string): string =>
    changed[file] ?? (file === 'CHANGELOG.md' ? CHANGELOG : readFromRoot(file));

describe('checking a release', () => {
  it('finds one version in the service, the clients, the chart, the compose file and the documents', () => {
    expect(releaseFaults(`v${version}`, readWith())).toEqual([]);
  });

  it.each(PLACES.map(({ file }) => file))('finds another version in %s', (file) => {
    const text = readFromRoot(file).replaceAll(version, '9.9.9');

    expect(releaseFaults(`v${version}`, readWith({ [file]: text }))).toEqual([
      `${file} has version 9.9.9, not ${version}`,
    ]);
  });

  it('finds a chart whose images are those of another version', () => {
    const file = 'deploy/helm/face-verification/Chart.yaml';
    const text = readFromRoot(file).replace(/^appVersion: .*/m, 'appVersion: 0.0.9');

    expect(releaseFaults(`v${version}`, readWith({ [file]: text }))).toEqual([
      `${file} has version 0.0.9, not ${version}`,
    ]);
  });

  it('finds a file that names no version any more', () => {
    const faults = releaseFaults(`v${version}`, readWith({ 'docker-compose.yml': '' }));

    expect(faults).toEqual(['docker-compose.yml names no version']);
  });

  it('asks for a section of the changelog, and for none above it', () => {
    const missing = releaseFaults(`v${version}`, readWith({ 'CHANGELOG.md': '## [0.0.1]\n\n- Old.\n' }));
    const above = CHANGELOG.replace('[Unreleased]\n', '[Unreleased]\n\n- New.\n');

    expect(missing).toEqual([`CHANGELOG.md has no section [${version}]`]);
    expect(releaseFaults(`v${version}`, readWith({ 'CHANGELOG.md': above }))).toEqual([
      'CHANGELOG.md has unreleased entries; move them to the section of the version',
    ]);
  });

  it.each(['1.2.3', 'v1.2', 'v1.2.3.4', 'v1.2.3;id', 'version'])('refuses the tag %s', (tag) => {
    expect(releaseFaults(tag, readWith())).toEqual([
      expect.stringContaining('is not a tag of the form v1.2.3'),
    ]);
  });
});

it('the notes of a release are the section of its version', () => {
  expect(changelogSection(CHANGELOG, version)).toBe('### Fixed\n\n- A fault.');
});
