import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../../../src/cli/user-error.js';
import { NO_GROUP, readGroups } from '../../../../../tools/evaluate/plan/read-groups.js';
import { planOf } from '../support.js';

const PLAN = { ...planOf('', []), photos: ['ann/1.jpg', 'ann/2.jpg', 'bob/1.jpg', 'cid/1.jpg'] };

describe('readGroups', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'groups-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (text: string) => {
    const path = join(folder, 'groups.csv');
    writeFileSync(path, text);
    const { names, groupOf, notes } = readGroups(path, PLAN);
    return { names, groups: [...groupOf], notes };
  };

  it('gives a photo the group of its person, which is its first folder', () => {
    expect(read('person,group\nbob,x\nann,y\ncid,x\n')).toEqual({
      ...{ names: ['x', 'y'], groups: [1, 1, 0, 0], notes: [] },
    });
  });

  it('prefers the group of the file itself', () => {
    const text = 'Name;Photo;Group\nann;;young\n;ann/2.jpg;old\nbob;;old\ncid;;old\n';

    expect(read(text)).toMatchObject({ names: ['old', 'young'], groups: [1, 0, 0, 0] });
  });

  it('notes photos without a group and names of other data sets', () => {
    const { groups, notes } = read('person,group\nann,x\neve,y\n');

    expect(groups).toEqual([0, 0, NO_GROUP, NO_GROUP]);
    expect(notes).toEqual([
      expect.stringMatching(/^2 of 4 photos have no group/),
      expect.stringMatching(/^1 names .* not in this data set: eve\.$/),
    ]);
  });

  it.each([
    ['a list without groups', 'person,sex\nann,f\n', 'must have group'],
    ['a list without names', 'group\nx\n', 'must have group'],
    ['a list of other people', 'person,group\neve,x\n', 'names no photo'],
    ['a person in two groups', 'person,group\nann,x\nann,y\n', 'Row 3'],
  ])('refuses %s', (_, text, message) => {
    expect(() => read(text)).toThrow(UserError);
    expect(() => read(text)).toThrow(message);
  });

  it('refuses more groups than it can tell apart', () => {
    const photos = Array.from({ length: 31 }, (_, person) => `${person}/1.jpg`);
    const path = join(folder, 'groups.csv');
    writeFileSync(path, `file,group\n${photos.map((photo) => `${photo},${photo}`).join('\n')}\n`);

    expect(() => readGroups(path, { ...PLAN, photos })).toThrow('at most 30');
  });
});
