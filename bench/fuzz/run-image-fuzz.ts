import sharp from 'sharp';
import { VerificationError } from '../../src/shared/errors.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { createVisionPool, type VisionPool } from '../../src/worker/vision/process/vision-pool.js';
import type { ImageFormat } from '../../src/worker/vision/types.js';
import { mutateBytes, randomEdits } from '../../test/support/fuzz/mutate-bytes.js';
import { otherPersonPhoto, samePersonPhotos } from '../../test/support/photos/photos.js';
import { liteManifest, liteSettings } from '../../test/support/photos/vision-settings.js';
import { createRandom } from '../../tools/evaluate/plan/random.js';
import type { FuzzResult } from './fuzz-result.js';

/** The worker's defaults: VISION_MEMORY_MB, IMAGE_DECODE_TIMEOUT and FACE_MATCH_THRESHOLD. */
const MEMORY_LIMIT_BYTES = 1_536 * 2 ** 20;
const DEADLINE_MS = 10_000;
const THRESHOLD = 0.5;
/** By the clock, a photo can take four times its processor time, twice because it is retried after a loss. */
const LIMIT_MS = DEADLINE_MS * 8;
const PROCESSES = 2;
const CODES = [
  'image_too_large',
  'image_unsupported',
  'image_undecodable',
  'face_not_found',
  'face_too_small',
];
const ALL_FORMATS: readonly ImageFormat[] = ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'];

interface Tally {
  readonly outcomes: Record<string, number>;
  readonly findings: string[];
  slowestMs: number;
  slowestInput: number;
  highestSimilarity: number;
}

export interface ImageFuzzOptions {
  readonly count: number;
  readonly seed: number;
  /** Includes the formats that are off by default. */
  readonly allFormats: boolean;
}

/**
 * Damages photos of one woman at random and sends them through the vision pool of a worker, beside good ones. Each must
 * end in an analysis or in a code, and no picture of her may come to match somebody else.
 */
export async function runImageFuzz({ count, seed, allFormats }: ImageFuzzOptions): Promise<FuzzResult> {
  const imageFormats = allFormats ? ALL_FORMATS : liteSettings().imageFormats;
  const pool = createVisionPool({
    settings: liteSettings({ imageFormats }),
    manifest: liteManifest(),
    processes: PROCESSES,
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
  });
  try {
    await pool.ready();
    const startedAt = performance.now();
    const tally = await attack(pool, { count, seed, photos: await makePhotos(imageFormats) });
    const seconds = (performance.now() - startedAt) / 1_000;
    const { lost, alive } = pool.stats();
    return {
      lines: [
        `${count} damaged photos (${imageFormats.join(', ')}) in ${seconds.toFixed(0)} s, seed ${seed}: ` +
          Object.entries(tally.outcomes)
            .map(([outcome, times]) => `${outcome} ${times}`)
            .join(', '),
        `slowest ${tally.slowestMs.toFixed(0)} ms (input ${tally.slowestInput}); ` +
          `highest similarity to somebody else ${tally.highestSimilarity.toFixed(3)}`,
        `vision processes lost: ${JSON.stringify(lost)}; alive ${alive}`,
      ],
      findings: tally.findings,
    };
  } finally {
    await pool.close();
  }
}

interface Attack {
  readonly count: number;
  readonly seed: number;
  readonly photos: readonly Buffer[];
}

async function attack(pool: VisionPool, { count, seed, photos }: Attack): Promise<Tally> {
  const [stranger = Buffer.alloc(0)] = await samePersonPhotos();
  const { embedding } = await pool.analyse(stranger, { deadlineMs: DEADLINE_MS });
  const tally: Tally = { outcomes: {}, findings: [], slowestMs: 0, slowestInput: 0, highestSimilarity: -1 };
  const random = createRandom(seed);
  let next = 0;
  const keepSending = async (): Promise<void> => {
    while (next < count) {
      const input = next++;
      const photo = photos[Math.floor(random() * photos.length)] ?? Buffer.alloc(0);
      const bytes = mutateBytes(photo, randomEdits(random, photo.length));
      const before = lostProcesses(pool);
      const startedAt = performance.now();
      const outcome = await outcomeOf(pool, bytes, embedding);
      note(tally, { input, outcome, ms: performance.now() - startedAt });
      // With several in flight, a neighbour may be the cause. The inputs around it are few enough to retry.
      if (lostProcesses(pool) > before)
        tally.findings.push(`input ${input} or a neighbour: a process was lost`);
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, keepSending));
  const good = await pool.analyse(stranger, { deadlineMs: DEADLINE_MS });
  if (compareEmbeddings(good.embedding, embedding) < 0.9999) tally.findings.push('a good photo changed');
  return tally;
}

/** Similarity to the stranger, or another outcome. */
async function outcomeOf(
  pool: VisionPool,
  bytes: Uint8Array,
  stranger: Float32Array,
): Promise<number | string> {
  try {
    const { embedding } = await pool.analyse(bytes, { deadlineMs: DEADLINE_MS });
    return compareEmbeddings(embedding, stranger);
  } catch (error) {
    return error instanceof VerificationError ? error.code : String(error);
  }
}

function note(
  tally: Tally,
  { input, outcome, ms }: { input: number; outcome: number | string; ms: number },
): void {
  const name = typeof outcome === 'number' ? 'analysed' : outcome;
  tally.outcomes[name] = (tally.outcomes[name] ?? 0) + 1;
  if (ms > tally.slowestMs) Object.assign(tally, { slowestMs: ms, slowestInput: input });
  if (ms > LIMIT_MS) tally.findings.push(`input ${input}: ended after ${Math.round(ms)} ms`);
  if (typeof outcome === 'string' && !CODES.includes(outcome))
    tally.findings.push(`input ${input}: ${outcome}`);
  if (typeof outcome !== 'number') return;
  tally.highestSimilarity = Math.max(tally.highestSimilarity, outcome);
  if (outcome >= THRESHOLD) tally.findings.push(`input ${input}: matches a stranger (${outcome.toFixed(3)})`);
}

function lostProcesses(pool: VisionPool): number {
  return Object.values(pool.stats().lost).reduce((sum, times) => sum + times, 0);
}

/** One portrait in all encodings that decoders treat differently. */
async function makePhotos(formats: readonly ImageFormat[]): Promise<Buffer[]> {
  const photo = sharp(await otherPersonPhoto()).resize(320, 320, { fit: 'inside' });
  const encodings: Readonly<Record<ImageFormat, readonly Promise<Buffer>[]>> = {
    jpeg: [
      photo.clone().jpeg({ quality: 85 }).toBuffer(),
      photo.clone().jpeg({ progressive: true }).withMetadata({ orientation: 6 }).toBuffer(),
      photo.clone().withIccProfile('p3').jpeg().toBuffer(),
      photo.clone().toColourspace('cmyk').resize(160).jpeg().toBuffer(),
    ],
    png: [
      photo.clone().png().toBuffer(),
      photo.clone().png({ palette: true, progressive: true }).toBuffer(),
      photo.clone().ensureAlpha(0.5).toColourspace('rgb16').resize(160).png().toBuffer(),
    ],
    webp: [
      photo.clone().webp().toBuffer(),
      photo.clone().ensureAlpha(0.5).webp({ lossless: true, effort: 0 }).toBuffer(),
      photo.clone().withMetadata({ orientation: 3 }).webp({ quality: 60 }).toBuffer(),
    ],
    avif: [photo.clone().avif({ effort: 0 }).toBuffer()],
    gif: [photo.clone().gif().toBuffer()],
    tiff: [photo.clone().tiff({ compression: 'deflate' }).toBuffer(), photo.clone().tiff().toBuffer()],
  };
  return Promise.all(formats.flatMap((format) => encodings[format]));
}
