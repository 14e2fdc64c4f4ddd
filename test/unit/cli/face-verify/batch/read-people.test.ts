import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPeople } from '../../../../../src/cli/face-verify/batch/read-people.js';

const HEADER = 'user_id,front_image1,front_image2,front_image3,back_image';
const URL_ROW = 'u-1,https://a.com/1,https://a.com/2,https://a.com/3,data:image/png;base64\\,AA'.replace(
  '\\,',
  '',
);
const DEFAULTS = { user_id: 'face-verify' };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'face-people-'));
  writeFileSync(join(folder, 'a.jpg'), 'x');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string, defaults = DEFAULTS) {
  const path = join(folder, 'people.csv');
  writeFileSync(path, text);
  return readPeople(path, defaults);
}

describe('the people of a CSV file', () => {
  it('have their fields, and photos relative to the file', async () => {
    const people = await read(
      `ref;min_matches;threshold;${HEADER.replaceAll(',', ';')};city\nr-1;3;.6;007;a.jpg;a.jpg;a.jpg;https://a.com/x;Rome\n`,
    );

    const file = join(folder, 'a.jpg');
    expect(people).toMatchObject([
      {
        row: 2,
        ref: 'r-1',
        fields: { user_id: '007', threshold: 0.6, min_matches: 3 },
        photos: [file, file, file, 'https://a.com/x'],
      },
    ]);
  });

  it('take options where they have no value of their own', async () => {
    const text = `${HEADER},threshold,fmr\n${URL_ROW},,\n${URL_ROW},0.6,\n${URL_ROW},,0.01`;

    const people = await read(text, { ...DEFAULTS, threshold: 0.7, min_matches: 2 } as typeof DEFAULTS);

    expect(people.map(({ fields }) => fields)).toEqual([
      { user_id: 'u-1', threshold: 0.7, min_matches: 2 },
      { user_id: 'u-1', threshold: 0.6, min_matches: 2 },
      { user_id: 'u-1', fmr: 0.01, min_matches: 2 },
    ]);
  });

  it('have ids that stay, and differ for equal rows and other thresholds', async () => {
    const ids = async (text: string) => (await read(text)).map(({ id }) => id);
    const twice = await ids(`${HEADER}\n${URL_ROW}\n${URL_ROW}`);

    expect(new Set(twice).size).toBe(2);
    expect(await ids(`${HEADER}\n${URL_ROW}\n`)).toEqual(twice.slice(0, 1));
    expect(await ids(`${HEADER},threshold\n${URL_ROW},0.6`)).not.toEqual(twice.slice(0, 1));
  });

  it.each<[string, string, string]>([
    ['without rows', HEADER, 'has no rows'],
    [
      'without a column',
      `${HEADER.replace('back', 'Back')}\n${URL_ROW}`,
      'back_image is missing. There is "Back_image"',
    ],
    [
      'with a misspelt column',
      `${HEADER},treshold\n${URL_ROW},1`,
      'no column "treshold". Did you mean threshold?',
    ],
    ['with a column twice', `${HEADER},user_id\n${URL_ROW},1`, 'The column "user_id" is there twice.'],
    ['with an empty cell', `${HEADER}\nu-1,,a.jpg,a.jpg,a.jpg`, 'Row 2: front_image1 is missing'],
    ['without a user_id', `${HEADER}\n,a.jpg,a.jpg,a.jpg,a.jpg`, 'Row 2: user_id is missing'],
    [
      'with a file that does not exist',
      `${HEADER}\nu,a.jpg,b.jpg,a.jpg,a.jpg`,
      'Row 2: front_image2 does not exist: b.jpg',
    ],
    ['with a folder as a photo', `${HEADER}\nu,a.jpg,.,a.jpg,a.jpg`, 'Row 2: front_image2 does not exist'],
    [
      'with a wrong number',
      `${HEADER},threshold\n${URL_ROW},high`,
      'Row 2: threshold must be a decimal number',
    ],
    [
      'with a line break in a name',
      `ref,${HEADER}\n"a\nb",${URL_ROW}`,
      'Row 2: ref must not contain line breaks',
    ],
  ])('are refused %s', async (_, text, problem) => {
    const error = await read(text).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ message: expect.stringContaining(problem) });
    expect(error).toMatchObject({ exitCode: 65 });
  });

  it('are refused with the first ten problems', async () => {
    const rows = Array.from({ length: 12 }, () => 'u,a.jpg,a.jpg,a.jpg,b.jpg');

    const error = await read([HEADER, ...rows].join('\n')).catch((thrown: unknown) => thrown);

    expect(String(error).split('\n')).toHaveLength(11);
    expect(String(error)).toMatch(/… and 2 more$/);
  });
});
