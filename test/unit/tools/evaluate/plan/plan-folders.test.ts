import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planFolders } from '../../../../../tools/evaluate/plan/plan-folders.js';

const LIMITS = { maxMated: 1_000, maxNonMated: 1_000, maxVerifications: 1_000, seed: 1 };

describe('planFolders', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'folders-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const put = (...names: readonly string[]): void => {
    for (const name of names) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), '');
    }
  };

  it('pairs all photos of a person as mated and all others as non-mated', () => {
    put('ann/1.jpg', 'ann/2.JPEG', 'ann/old/3.png', 'bob/1.webp', 'bob/2.jpg');

    const { photos, pairs, persons } = planFolders(root, LIMITS);

    expect(photos).toEqual(['ann/1.jpg', 'ann/2.JPEG', 'ann/old/3.png', 'bob/1.webp', 'bob/2.jpg']);
    expect(persons).toBe(2);
    const listed = pairs.map(({ probe, reference, mated }) => [probe, reference, mated]);
    expect(listed).toEqual([
      ...[
        [0, 1, true],
        [0, 2, true],
        [1, 2, true],
        [3, 4, true],
      ],
      ...[
        [0, 3, false],
        [0, 4, false],
        [1, 3, false],
        [1, 4, false],
        [2, 3, false],
        [2, 4, false],
      ],
    ]);
  });

  it('skips other files, hidden folders and empty folders', () => {
    put('ann/1.jpg', 'ann/notes.txt', 'bob/1.jpg', '.git/1.jpg', 'list.jpg', 'nobody/readme.md');

    expect(planFolders(root, LIMITS).photos).toEqual(['ann/1.jpg', 'bob/1.jpg']);
  });

  it('draws and reports a sample of each kind above the limits', () => {
    put(...['ann', 'bob', 'cid'].flatMap((name) => [1, 2, 3, 4, 5].map((n) => `${name}/${n}.jpg`)));

    const { pairs, notes } = planFolders(root, { ...LIMITS, maxMated: 7, maxNonMated: 20 });

    expect(pairs.filter(({ mated }) => mated)).toHaveLength(7);
    expect(pairs.filter(({ mated }) => !mated)).toHaveLength(20);
    expect(notes).toEqual([
      '7 of the 30 possible mated pairs were drawn at random.',
      '20 of the 75 possible non-mated pairs were drawn at random.',
    ]);
    for (const { probe, reference, mated } of pairs) {
      expect(Math.floor(probe / 5) === Math.floor(reference / 5)).toBe(mated);
      expect(reference).toBeGreaterThan(probe);
    }
  });

  it('gives the same plan for the same photos and seed, and another for another seed', () => {
    put(...['ann', 'bob'].flatMap((name) => [1, 2, 3, 4, 5, 6].map((n) => `${name}/${n}.jpg`)));
    const planWith = (seed: number) => planFolders(root, { ...LIMITS, maxNonMated: 5, seed });

    expect(planWith(1)).toEqual(planWith(1));
    expect(planWith(1).pairs).not.toEqual(planWith(2).pairs);
  });

  it('refuses a folder with photos of one person only', () => {
    put('ann/1.jpg', 'ann/2.jpg');

    expect(() => planFolders(root, LIMITS)).toThrow('two folders');
  });
});
