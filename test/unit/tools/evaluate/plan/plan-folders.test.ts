import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countPlanned } from '../../../../../tools/evaluate/plan/evaluation-plan.js';
import { planFolders } from '../../../../../tools/evaluate/plan/plan-folders.js';

const LIMITS = { maxListed: 1_000, maxVerifications: 1_000, seed: 1 };

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

  it('follows links to folders and files, takes a file once, and does not go round in circles', () => {
    put('store/a/1.jpg', 'store/a/2.jpg', 'store/b.jpg', 'photos/bob/1.jpg');
    const photos = join(root, 'photos');
    symlinkSync('../store/a', join(photos, 'ann'));
    symlinkSync('../../store/b.jpg', join(photos, 'bob', '2.jpg'));
    symlinkSync('1.jpg', join(photos, 'bob', '3.jpg'));
    symlinkSync('nothing.jpg', join(photos, 'bob', '4.jpg'));
    symlinkSync('5.jpg', join(photos, 'bob', '5.jpg'));
    symlinkSync('.', join(root, 'store', 'a', 'again'));
    symlinkSync('.', join(photos, 'bob', 'all'));

    expect(planFolders(photos, LIMITS).photos).toEqual(['ann/1.jpg', 'ann/2.jpg', 'bob/1.jpg', 'bob/2.jpg']);
  });

  it('refuses one file as the photo of two persons, whose pairs would match by mistake', () => {
    put('ann/1.jpg', 'bob/1.jpg');
    symlinkSync('../ann/1.jpg', join(root, 'bob', '2.jpg'));

    expect(() => planFolders(root, LIMITS)).toThrow('ann/1.jpg and bob/2.jpg are the same file');
  });

  it('lists no pair above the limit, but counts both kinds and says so', () => {
    put(...['ann', 'bob', 'cid'].flatMap((name) => [1, 2, 3, 4, 5].map((n) => `${name}/${n}.jpg`)));

    const listed = planFolders(root, { ...LIMITS, maxListed: 105 });
    const counted = planFolders(root, { ...LIMITS, maxListed: 104 });

    expect(countPlanned(listed)).toEqual({ mated: 30, nonMated: 75 });
    expect([listed.pairs.length, listed.allPairs, listed.notes]).toEqual([105, undefined, []]);
    expect(countPlanned(counted)).toEqual({ mated: 30, nonMated: 75 });
    expect(counted.pairs).toEqual([]);
    expect([...counted.personOf]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    expect(counted.notes).toEqual([expect.stringMatching(/^All 105 pairs were counted/)]);
    expect(counted.verifications).toEqual(listed.verifications);
  });

  it('refuses a folder with photos of one person only', () => {
    put('ann/1.jpg', 'ann/2.jpg');

    expect(() => planFolders(root, LIMITS)).toThrow('two folders');
  });
});
