import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ErrorCode, VerificationError } from '../../src/shared/errors.js';
import { blockUntrustedLoaders } from '../../src/worker/vision/image/decode-image.js';
import type { RgbImage } from '../../src/worker/vision/types.js';
import {
  createHostileImages,
  HOSTILE_IMAGE_NAMES,
  type HostileImages,
} from '../support/photos/hostile-images.js';
import { inspectAndDecode } from '../support/photos/inspect-and-decode.js';
import { channelBias, meanDifference, storeWithOrientation } from '../support/photos/rgb-images.js';

/** As the default settings, with a limit on pixels under which every bomb of the list is one. */
const LIMITS = { maxPixels: 40_000_000, minSidePx: 20, formats: ['jpeg', 'png', 'webp'] } as const;

/**
 * Their proposed outcome of each bad image → ours. DESIGN has three codes for an image; what is only blank or of one
 * colour decodes and ends later, at the detector, as a photo without a face.
 */
const OUR_OUTCOME: Readonly<Record<string, ErrorCode | 'decoded'>> = {
  decode_ok: 'decoded',
  low_quality_blank: 'decoded',
  image_too_small: 'face_too_small',
  image_unsupported_format: 'image_unsupported',
  image_animated: 'image_unsupported',
  image_corrupt: 'image_undecodable',
  image_too_many_pixels: 'image_too_large',
  // A valid file that other programs show: "too large" tells the sender what helps, "broken" would not.
  image_decode_limit: 'image_too_large',
};

/** Outcomes of photos that differ from those of their class for a good reason. */
const OWN_OUTCOME: Readonly<Record<string, ErrorCode | 'decoded'>> = {
  // 32 × 32 px hold a face of 20: it ends at the detector as well.
  'px_32x32.jpg': 'decoded',
  // Valid kinds of JPEG that no browser reads: "broken" would make people send them again.
  'jpeg_sof3_lossless.jpg': 'image_unsupported',
  'jpeg_sof5_hier.jpg': 'image_unsupported',
};

/** The type that the text must name, for files that are no photo we read. */
const NAMED: Readonly<Record<string, string>> = {
  'animated.gif': 'GIF',
  'animated.webp': 'an animated WebP',
  'cmyk4.tiff': 'TIFF',
  'hdr.hdr': 'Radiance HDR',
  'heic_ftyp_stub.heic': 'HEIC',
  'html.jpg': 'HTML',
  'imagemagick_mvg.jpg': 'plain text',
  'jpeg_sof3_lossless.jpg': 'a lossless JPEG',
  'jpeg_sof5_hier.jpg': 'a hierarchical JPEG',
  'json_error.jpg': 'JSON',
  'mp4.jpg': 'MP4',
  'ok.avif': 'AVIF',
  'ok.tiff': 'TIFF',
  'polyglot_gif_js.jpg': 'GIF',
  'psd.psd': 'Photoshop (PSD)',
  'svg_as.jpg': 'SVG',
  'svg_billion_laughs.svg': 'SVG',
  'svg_external.svg': 'SVG',
  'svg_huge.svg': 'SVG',
  'svg_plain.svg': 'SVG',
  'svg_xxe.svg': 'SVG',
  'vips_native.v': 'VIPS',
  'zip.jpg': 'ZIP',
};

/** Files that do not show the original: blank, tiny or noise, or its colours are changed (formats.test.ts checks those). */
const OTHER_PICTURE = /^(all_transparent|flat_|jpeg_sof9|noise|px_|solid)|alpha|gray/;

interface BadImage {
  readonly id: string;
  readonly file: string;
  readonly expect: string;
}

const list = readFileSync(new URL('../fixtures/bad-images.jsonl', import.meta.url), 'utf8');
const rows = list
  .trim()
  .split('\n')
  .map((line): Partial<BadImage> => JSON.parse(line));
const badImages = rows.filter((row): row is BadImage => row.file !== undefined);
const cases = badImages.map((row) => [row.file, row] as const);

async function outcomeOf(bytes: Uint8Array): Promise<RgbImage | VerificationError> {
  try {
    return await inspectAndDecode(bytes, LIMITS);
  } catch (error) {
    if (error instanceof VerificationError) return error;
    throw error;
  }
}

describe('the list of bad images', () => {
  let hostile: HostileImages;
  let original: RgbImage;

  beforeAll(async () => {
    hostile = await createHostileImages();
    blockUntrustedLoaders(LIMITS.formats);
    original = await inspectAndDecode(hostile.original, LIMITS);
  });

  it('can be made in full', () => {
    expect([...HOSTILE_IMAGE_NAMES].sort()).toEqual(badImages.map(({ file }) => file).sort());
  });

  it.each(cases)('ends %s as its class says', async (file, row) => {
    const outcome = await outcomeOf(await hostile.make(file));

    const ours = outcome instanceof VerificationError ? outcome.code : 'decoded';
    const expected = OWN_OUTCOME[file] ?? OUR_OUTCOME[row.expect];
    expect([row.expect, ours]).toEqual([row.expect, expected]);
    if (outcome instanceof VerificationError) expect(outcome.retryable).toBe(false);
  });

  it.each(Object.entries(NAMED))('names the type of %s: %s', async (file, name) => {
    const outcome = await outcomeOf(await hostile.make(file));

    expect(outcome).toMatchObject({
      message: expect.stringContaining(`The file is ${name}, which is not supported.`),
    });
  });

  const pictured = cases.filter(
    ([file, row]) => OUR_OUTCOME[row.expect] === 'decoded' && !OTHER_PICTURE.test(file),
  );

  it.each(pictured)('decodes %s to the upright original', async (file) => {
    const outcome = await outcomeOf(await hostile.make(file));
    if (outcome instanceof VerificationError) throw outcome;

    // The orientation tag was put on the upright picture: storing the outcome as the tag says gives that picture back.
    const shown = storeWithOrientation(outcome, Number(/orient(\d)/.exec(file)?.[1] ?? 1));
    // CMYK without a profile differs by 11, everything else by less than 3.
    expect(meanDifference(shown, original)).toBeLessThan(file.includes('cmyk') ? 14 : 4);
    for (const bias of channelBias(shown, original)) {
      expect(Math.abs(bias)).toBeLessThan(file.includes('cmyk') ? 20 : 1);
    }
  });
});
