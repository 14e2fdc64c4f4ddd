import { describe, expect, it } from 'vitest';
import { comparePhotos } from '../../../../src/cli/local/compare-photos.js';
import { decidePhotos, describeDecision } from '../../../../src/cli/local/decide-photos.js';
import { formatTable } from '../../../../src/cli/local/format-table.js';
import { VerificationError } from '../../../../src/shared/errors.js';
import { analysisAt } from '../../tools/evaluate/support.js';

/** A photo is called by the angle of its embedding; "none" has no face. */
const compare = (...names: readonly string[]) =>
  comparePhotos(
    names.map((name) => ({ name, bytes: Buffer.from(name) })),
    {
      threshold: 0.5,
      analyse: async (bytes) => {
        const name = Buffer.from(bytes).toString();
        if (name === 'none') throw new VerificationError('face_not_found');
        if (name === 'bug') throw new TypeError('bug');
        return analysisAt(Number(name), name);
      },
    },
  );

describe('comparePhotos', () => {
  it('takes the last photo as the reference and compares all others with it', async () => {
    const photos = await compare('80', '10', '0');

    expect(photos.map(({ role }) => role)).toEqual(['probe', 'probe', 'reference']);
    expect(photos.map(({ comparison }) => comparison?.matched)).toEqual([false, true, undefined]);
    expect(photos[0]?.comparison?.similarity).toBeCloseTo(Math.cos((80 * Math.PI) / 180), 6);
  });

  it('keeps the error of one photo separate from the others', async () => {
    const photos = await compare('none', '10', '0');

    expect(photos[0]).toMatchObject({ error: { code: 'face_not_found' } });
    expect(photos[1]?.comparison?.matched).toBe(true);
  });

  it('compares nothing when the reference cannot be used', async () => {
    const photos = await compare('10', 'none');

    expect(photos.map(({ comparison }) => comparison)).toEqual([undefined, undefined]);
  });

  it('does not report a bug as a bad photo', async () => {
    await expect(compare('bug', '0')).rejects.toThrow(TypeError);
  });
});

describe('decidePhotos', () => {
  const decide = async (minMatches: 2 | 3, ...names: readonly string[]) => {
    const rule = { threshold: 0.5, minMatches };
    const decision = decidePhotos(await compare(...names), rule);
    return decision && describeDecision(decision, rule);
  };

  it('describes the answer of the service to a whole request', async () => {
    expect(await decide(2, '10', '20', '80', '0')).toBe('matched: true (2 of 3 match, 2 required)');
    expect(await decide(3, '10', '20', '80', '0')).toBe('matched: false (2 of 3 match, 3 required)');
  });

  it('names the error if an unusable photo decides the outcome', async () => {
    expect(await decide(2, '10', 'none', '80', '0')).toBe('error face_not_found (front_image2)');
    expect(await decide(2, '10', '20', '30', 'none')).toBe('error face_not_found (back_image)');
  });

  it('returns nothing for fewer photos than a request has', async () => {
    expect(await decide(2, '10', '0')).toBeUndefined();
  });
});

describe('formatTable', () => {
  it('shows box, scores, similarity and verdict of each photo in columns', async () => {
    const table = formatTable(await compare('10', 'none', '0'));

    expect(table).toEqual([
      'photo  role       face (x y w h)  faces  score  quality  similarity  matched',
      '10     probe      1 2 30 40       1      0.900  0.750    0.9848      yes',
      'none   probe      face_not_found  -      -      -        -           -',
      '0      reference  1 2 30 40       1      0.900  0.750    -           -',
    ]);
  });
});
