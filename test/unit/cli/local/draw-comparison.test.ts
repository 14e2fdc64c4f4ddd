import { describe, expect, it } from 'vitest';
import { drawComparison } from '../../../../src/cli/local/draw-comparison.js';
import { VerificationError } from '../../../../src/shared/errors.js';

const OPTIONS = {
  heading: ['matched: false', 'model pack lite'],
  limits: { maxPixels: 1_000_000, formats: ['jpeg'] },
} as const;

const refused = (detail: string, name = 'photo.webp') => ({
  name,
  role: 'probe' as const,
  bytes: Buffer.alloc(0),
  error: new VerificationError('image_unsupported', { detail }),
});

const textsOf = (svg: string): readonly string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text);

describe('the drawing of a comparison', () => {
  it('breaks the error of a photo into lines that fit its column', async () => {
    const detail = 'The file is an animated WebP, which is not supported.';

    const texts = textsOf(await drawComparison([refused(detail), refused('Short.')], OPTIONS));

    const lines = texts.slice(texts.indexOf('image_unsupported') + 1, texts.lastIndexOf('photo.webp'));
    expect(lines.join(' ')).toBe(detail);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(38);
    expect(texts).toContain('Short.');
  });

  it('shows the end of a long file name', async () => {
    const texts = textsOf(await drawComparison([refused('', `${'long-'.repeat(20)}end.jpg`)], OPTIONS));

    expect(texts).toContainEqual(expect.stringMatching(/^….{29}-end\.jpg$|^….*end\.jpg$/));
    expect(texts.find((text) => text.endsWith('end.jpg'))).toHaveLength(34);
  });

  it('is wide enough for its heading with two photos', async () => {
    const svg = await drawComparison([refused(''), refused('')], OPTIONS);

    expect(Number(/ width="(\d+)"/.exec(svg)?.[1])).toBeGreaterThanOrEqual(740);
  });
});
