import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPairsFile } from '../../../../../tools/evaluate/plan/plan-pairs-file.js';

const LIMITS = { maxListed: 100, maxVerifications: 100, seed: 1 };

describe('readPairsFile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pairs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (text: string): ReturnType<typeof readPairsFile> => {
    const path = join(folder, 'pairs.csv');
    writeFileSync(path, text);
    return readPairsFile(path, LIMITS);
  };

  it('reads pairs of files and whether they are mated, relative to the file', () => {
    const { plan } = read('file_x,file_y,Decision\na.jpg,b.jpg,Yes\nb.jpg,c.jpg,No\n');

    expect(plan.root).toBe(folder);
    expect(plan.photos).toEqual(['a.jpg', 'b.jpg', 'c.jpg']);
    expect(plan.pairs).toEqual([
      { probe: 0, reference: 1, mated: true },
      { probe: 1, reference: 2, mated: false },
    ]);
  });

  it.each([
    ['probe;reference;mated', 'a;b;true'],
    ['File1,File2,SAME', 'a,b,1'],
    ['reference,similarity,probe,label', 'b,0.25,a,mated'],
  ])('understands the header %s', (header, row) => {
    const { plan } = read(`${header}\n${row}\n`);

    expect(plan.pairs).toHaveLength(1);
    expect(plan.pairs[0]).toMatchObject({ mated: true });
  });

  it('reads similarities if there is a column of them', () => {
    const { similarities } = read('a,b,mated,similarity\nx,y,yes,0.5\nx,z,no,\n');

    expect([...similarities]).toEqual([0.5, Number.NaN]);
  });

  it('counts one pair for both orders of two photos', () => {
    expect(read('a,b,mated\nx,y,yes\ny,x,yes\n').plan.pairs).toHaveLength(1);
  });

  it.each([
    ['a header without files', 'x,y,mated\na,b,yes\n', 'probe column'],
    ['a label it does not know', 'a,b,mated\nx,y,perhaps\n', 'Row 2'],
    ['a photo paired with itself', 'a,b,mated\nx,x,yes\n', 'itself'],
    ['two opposite labels', 'a,b,mated\nx,y,yes\ny,x,no\n', 'Row 3'],
    ['a similarity out of range', 'a,b,mated,score\nx,y,yes,42\n', '42'],
    ['an empty name', 'a,b,mated\nx,,yes\n', 'Row 2'],
    ['a file without pairs', 'a,b,mated\n', 'no pairs'],
  ])('refuses %s', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('joins photos to persons by their mated pairs', () => {
    const { plan } = read('a,b,mated\n1,2,yes\n2,3,yes\n4,5,yes\n1,4,no\n6,1,no\n');

    expect(plan.persons).toBe(3);
  });

  it('reports labels that contradict each other through a third photo', () => {
    const { plan } = read('a,b,mated\n1,2,yes\n2,3,yes\n1,3,no\n');

    expect(plan.notes).toEqual([expect.stringContaining('1 pairs are labelled as different')]);
  });

  it('plans non-mated verifications only of pairs that the file calls non-mated', () => {
    const mated = ['1,2,yes', '2,3,yes'];
    const known = ['9,1,no', '9,2,no'];

    expect(read(['a,b,mated', ...mated, ...known].join('\n')).plan.verifications).toEqual([]);
    expect(read(['a,b,mated', ...mated, ...known, '9,3,no'].join('\n')).plan.verifications).toEqual([
      { reference: 3, probes: [0, 1, 2], mated: false },
    ]);
  });
});
