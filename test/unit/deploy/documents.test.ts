import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

const documents = [
  ...readdirSync(fromRoot('.')).filter((name) => name.endsWith('.md')),
  ...readdirSync(fromRoot('docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'clients/typescript/README.md',
  'clients/python/README.md',
];

/** About two lines of a page. */
const MAX_CELL = 160;

/** Length of a cell's text as a reader sees it, without anchors and the targets of links. */
function visibleLength(cell: string): number {
  return cell
    .replace(/<[^>]*>/g, '')
    .replace(/\]\([^)]*\)/g, ']')
    .trim().length;
}

/** The fragments that GitHub gives the headings of a page, and the anchors it sets itself. */
function anchorsOf(page: string): readonly string[] {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...page.matchAll(/<a id="([^"]+)"/g)].map(([, id = '']) => id)];
}

describe.each(documents)('%s', (path) => {
  const text = readFromRoot(path);

  it('links only to files that exist', () => {
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? '',
    );

    for (const target of targets)
      expect(existsSync(fromRoot(join(dirname(path), target))), target).toBe(true);
  });

  it('links only to headings that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#\s:]*\.md)?#([^)\s]+)\)/g)];

    for (const [, target, anchor = ''] of links) {
      const page = target === undefined ? text : readFromRoot(join(dirname(path), target));
      expect(anchorsOf(page), `${target ?? path}#${anchor}`).toContain(anchor);
    }
  });

  it('keeps table cells short', () => {
    const cells = text.split('\n').flatMap((line) => (line.startsWith('|') ? line.split(/(?<!\\)\|/) : []));

    expect(cells.filter((cell) => visibleLength(cell) > MAX_CELL)).toEqual([]);
  });

  it('names only tests and sources that exist', () => {
    const named = [...text.matchAll(/`((?:test|src|scripts|deploy|bench)\/[\w./@-]+\.\w+)`/g)].map(
      (match) => match[1] ?? '',
    );

    for (const file of named) expect(existsSync(fromRoot(file)), file).toBe(true);
  });

  it('mentions only scripts of package.json', () => {
    const { scripts } = JSON.parse(readFromRoot('package.json'));

    for (const [, name] of text.matchAll(/npm run (?:-s )?([\w:-]+)/g))
      expect(Object.keys(scripts)).toContain(name);
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
