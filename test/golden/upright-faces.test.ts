import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VerificationError } from '../../src/shared/errors.js';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { alignmentOf } from '../../src/worker/vision/face/align-face.js';
import { invertSimilarity } from '../../src/worker/vision/face/similarity-transform.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import type { FaceAnalysis } from '../../src/worker/vision/types.js';
import { cropFace, SAMPLE_FACES } from '../support/photos/photos.js';
import { liteManifest, liteSettings } from '../support/photos/vision-settings.js';

interface Portrait {
  readonly bytes: Buffer;
  readonly analysis: FaceAnalysis;
}

let pack: ModelPack;
const portraits: Portrait[] = [];

// How a face is read, not whether it may be compared.
const analyse = (bytes: Uint8Array) => analyseImage(bytes, pack, liteSettings({ recognisability: 'off' }));

beforeAll(async () => {
  pack = await loadModelPack({ ...liteSettings(), manifest: liteManifest() });
  for (const face of SAMPLE_FACES) {
    const bytes = await cropFace(face);
    portraits.push({ bytes, analysis: await analyse(bytes) });
  }
});

afterAll(() => pack.close());

const MASK = 'M 12 66 Q 34 58 56 60 Q 78 58 100 66 L 96 96 Q 84 122 56 124 Q 28 122 16 96 Z';

/** Drawn on the aligned face of 112 × 112, so it follows the five points of each photo. */
const COVERS: Readonly<Record<string, string>> = {
  'a blue mask': `<path d="${MASK}" fill="#7fb2d6"/>`,
  'a white mask': `<path d="${MASK}" fill="#eceae6"/>`,
  'a grey sheet over the lower third': '<rect x="-10" y="76" width="132" height="60" fill="#999"/>',
};

async function cover({ bytes, analysis }: Portrait, drawing: string): Promise<Buffer> {
  const { a, b, tx, ty } = invertSimilarity(alignmentOf(analysis.face.landmarks));
  const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${analysis.width}" height="${analysis.height}">
    <g transform="matrix(${a} ${b} ${-b} ${a} ${tx} ${ty})">${drawing}</g></svg>`;
  return sharp(bytes)
    .composite([{ input: Buffer.from(overlay) }])
    .jpeg({ quality: 92 })
    .toBuffer();
}

/** Cuts the photo off below the nose. */
async function cutBelowNose({ bytes, analysis }: Portrait): Promise<Buffer> {
  const { a, b, ty } = invertSimilarity(alignmentOf(analysis.face.landmarks));
  const height = Math.round(b * 56 + a * 79 + ty);
  return sharp(bytes).extract({ left: 0, top: 0, width: analysis.width, height }).jpeg().toBuffer();
}

/** Counts the photos by result: upright, the warning about their rotation, or the error code. */
async function readAll(make: (portrait: Portrait) => Promise<Buffer>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const portrait of portraits) {
    const read = await readTurn(await make(portrait));
    counts[read] = (counts[read] ?? 0) + 1;
  }
  return counts;
}

async function readTurn(bytes: Buffer): Promise<string> {
  try {
    const { warnings } = await analyse(bytes);
    return warnings.find((warning) => warning.startsWith('rotated_')) ?? 'upright';
  } catch (error) {
    if (error instanceof VerificationError) return error.code;
    throw error;
  }
}

const REFUSED = ['face_not_found', 'low_quality'];

/** Photos that were read, but not so. */
function readWrongly(counts: Record<string, number>, right: string): number {
  return Object.entries(counts)
    .filter(([read]) => read !== right && !REFUSED.includes(read))
    .reduce((sum, [, count]) => sum + count, 0);
}

describe('an upright face whose lower part is hidden', () => {
  it.each(Object.entries(COVERS))('is read upright or refused behind %s', async (_, drawing) => {
    const counts = await readAll((portrait) => cover(portrait, drawing));

    expect(readWrongly(counts, 'upright')).toBeLessThanOrEqual(1);
  });

  it('is read upright or refused if the photo ends below the nose', async () => {
    const counts = await readAll(cutBelowNose);

    expect(readWrongly(counts, 'upright')).toBeLessThanOrEqual(1);
  });
});

describe('a turned photo of a whole face', () => {
  it.each([90, 180, 270])('is read as it is turned by %i°, or refused', async (degrees) => {
    const counts = await readAll(({ bytes }) => sharp(bytes).rotate(degrees).jpeg().toBuffer());
    const right = `rotated_${360 - degrees}`;

    expect(readWrongly(counts, right)).toBeLessThanOrEqual(1);
    expect(counts[right]).toBeGreaterThanOrEqual(15);
  });
});
