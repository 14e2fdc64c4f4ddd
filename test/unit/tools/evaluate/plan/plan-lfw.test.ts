import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planLfw } from '../../../../../tools/evaluate/plan/plan-lfw.js';

const LIMITS = { maxListed: 10, maxVerifications: 10, seed: 1 };
const LIST = [
  '2\t1',
  'Ann_Lee\t1\t12',
  'Ann_Lee\t1\tBob_Ray\t3',
  'Bob_Ray\t3\t4',
  'Cid_Fox\t1\tAnn_Lee\t12',
].join('\n');

describe('planLfw', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'lfw-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('reads mated lines, then non-mated lines, fold by fold', () => {
    writeFileSync(join(root, 'pairs.txt'), `${LIST}\n`);

    const { photos, pairs, persons } = planLfw(root, undefined, LIMITS);

    expect(photos).toEqual([
      'Ann_Lee/Ann_Lee_0012.jpg',
      'Ann_Lee/Ann_Lee_0001.jpg',
      'Bob_Ray/Bob_Ray_0003.jpg',
      'Bob_Ray/Bob_Ray_0004.jpg',
      'Cid_Fox/Cid_Fox_0001.jpg',
    ]);
    expect(pairs).toEqual([
      { probe: 1, reference: 0, mated: true, fold: 1 },
      { probe: 1, reference: 2, mated: false, fold: 1 },
      { probe: 2, reference: 3, mated: true, fold: 2 },
      { probe: 4, reference: 0, mated: false, fold: 2 },
    ]);
    expect(persons).toBe(3);
  });

  it('reads the list from a given path', () => {
    const list = join(root, 'elsewhere.txt');
    writeFileSync(list, LIST);

    expect(planLfw('photos', list, LIMITS).pairs).toHaveLength(4);
  });

  it.each([
    ['a list with a line too few', LIST.slice(0, LIST.lastIndexOf('\n')), 'View 2'],
    [
      'a mated line where a non-mated one belongs',
      LIST.replace('Ann_Lee\t1\tBob_Ray\t3', 'Ann_Lee\t1\t3'),
      'line 3',
    ],
    ['an invalid number', LIST.replace('Cid_Fox\t1', 'Cid_Fox\tx'), 'Cid_Fox x'],
    ['a file that is not a list', 'hello', 'View 2'],
  ])('refuses %s', (_, text, message) => {
    writeFileSync(join(root, 'pairs.txt'), text);

    expect(() => planLfw(root, undefined, LIMITS)).toThrow(message);
  });

  it('explains how to give the list if it finds none', () => {
    expect(() => planLfw(root, undefined, LIMITS)).toThrow('--pairs-file');
  });
});
