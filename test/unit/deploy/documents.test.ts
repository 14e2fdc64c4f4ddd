import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

const documents = [
  ...readdirSync(fromRoot('.')).filter((name) => name.endsWith('.md')),
  ...readdirSync(fromRoot('docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

describe.each(documents)('%s', (path) => {
  const text = readFromRoot(path);

  it('links only to files that are there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? '',
    );

    for (const target of targets)
      expect(existsSync(fromRoot(join(dirname(path), target))), target).toBe(true);
  });

  it('names only tests and sources that are there', () => {
    const named = [...text.matchAll(/`((?:test|src|scripts|deploy|bench)\/[\w./@-]+\.\w+)`/g)].map(
      (match) => match[1] ?? '',
    );

    for (const file of named) expect(existsSync(fromRoot(file)), file).toBe(true);
  });

  it('tells to run only scripts of package.json', () => {
    const { scripts } = JSON.parse(readFromRoot('package.json'));

    for (const [, name] of text.matchAll(/npm run ([\w:-]+)/g)) expect(Object.keys(scripts)).toContain(name);
  });
});

describe('SECURITY.md and docs/security-checks.md', () => {
  it('leave out no suite about hostile input, faults or privacy', () => {
    const suites = [
      ...readdirSync(fromRoot('test/integration')).map((name) => `test/integration/${name}`),
      ...readdirSync(fromRoot('test/integration/faults')).map((name) => `test/integration/faults/${name}`),
    ].filter((path) =>
      /(hostile|privacy|access|hardening|behaviours|outage|loss|wrong|webhook).*\.test\.ts$/.test(path),
    );
    const checks = readFromRoot('docs/security-checks.md');

    expect(
      suites.filter((path) => !checks.includes(path)),
      'add them to docs/security-checks.md',
    ).toEqual([]);
  });
});
