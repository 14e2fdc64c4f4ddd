import { describe, expect, it } from 'vitest';
import { completeLockfile, missingPackages } from '../../../scripts/complete-lockfile.mjs';
import { isAllowed, listLicences } from '../../../scripts/licenses.mjs';
import { addModels, nameSubject } from '../../../scripts/sbom.mjs';
import { readFromRoot } from './read-dockerfile.js';

const lock = JSON.parse(readFromRoot('package-lock.json'));

describe('package-lock.json', () => {
  it('names every package of every platform, so that npm ci accepts it', () => {
    const names = missingPackages(lock.packages).map(({ name }) => name);

    expect(names, 'run: node scripts/complete-lockfile.mjs').toEqual([]);
  });

  it('names no registry, so that it serves behind a mirror as well', () => {
    expect(readFromRoot('package-lock.json')).not.toContain('"resolved"');
  });
});

describe('completing a lock file', () => {
  const platform = { version: '1.0.0', license: 'MIT', optional: true, os: ['linux'], cpu: ['x64'] };
  const parent = {
    version: '1.0.0',
    dev: true,
    optionalDependencies: { 'a-linux-x64': '1.0.0', 'a-linux-arm64-musl': '1.0.0' },
  };
  const incomplete = { packages: { '': {}, 'node_modules/a': parent, 'node_modules/a-linux-x64': platform } };

  it('adds a missing platform with the version, the platform and the licence of its kind', () => {
    const { packages } = completeLockfile(incomplete);

    expect(packages['node_modules/a-linux-arm64-musl']).toEqual({
      version: '1.0.0',
      cpu: ['arm64'],
      dev: true,
      libc: ['musl'],
      license: 'MIT',
      optional: true,
      os: ['linux'],
    });
    expect(packages['node_modules/a-linux-x64']).toEqual(platform);
  });

  it('refuses to guess a version from a range', () => {
    const ranged = { ...parent, optionalDependencies: { 'a-darwin-arm64': '^1.0.0' } };

    expect(() => completeLockfile({ packages: { 'node_modules/a': ranged } })).toThrow(
      /not an exact version/,
    );
  });
});

describe('the licences of what is shipped', () => {
  it('are all permissive, or named as an exception with a reason', () => {
    const packages = listLicences(lock);

    expect(packages.length).toBeGreaterThan(50);
    expect(packages.filter(({ allowed }) => !allowed)).toEqual([]);
    for (const { name, reason } of packages) if (reason) expect(name).toMatch(/^@img\/sharp-/);
  });

  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['MIT AND Apache-2.0', true],
    ['MIT AND GPL-3.0-only', false],
    ['AGPL-3.0-or-later', false],
    ['none declared', false],
    ['SEE LICENSE IN LICENSE', false],
  ])('judges %s', (expression, allowed) => {
    expect(isAllowed(expression, ['MIT', 'Apache-2.0'])).toBe(allowed);
  });

  it('do not include a development package, and do include one that declares nothing', () => {
    const packages = listLicences({
      packages: {
        '': {},
        'node_modules/tool': { version: '1.0.0', license: 'GPL-3.0-only', dev: true },
        'node_modules/x/node_modules/@s/odd': { version: '2.0.0' },
      },
    });

    expect(packages).toEqual([
      { name: '@s/odd', version: '2.0.0', licence: 'none declared', allowed: false },
    ]);
  });
});

describe('the bill of materials', () => {
  it('has the name of the service, whatever folder it lies in', () => {
    const document = { metadata: { timestamp: 'now', component: { type: 'library', name: 'some-folder' } } };

    expect(nameSubject(document, 'face-verification-service')).toEqual({
      metadata: { timestamp: 'now', component: { type: 'library', name: 'face-verification-service' } },
    });
  });

  it('lists every model file with its digest', () => {
    const lite = JSON.parse(readFromRoot('models/lite.json'));
    const { components } = addModels({ components: [] }, [lite]);

    expect(components).toHaveLength(lite.files.length);
    expect(components[0]).toMatchObject({
      type: 'machine-learning-model',
      hashes: [{ alg: 'SHA-256', content: lite.files[0].sha256 }],
      purl: 'pkg:npm/faceplugin-face-recognition-js@0.0.1',
    });
  });
});
