import type { GoldenNumbers } from '../../../shared/models/model-manifest.js';
import { ALIGNED_SIDE_PX } from '../face/align-face.js';
import { compareEmbeddings } from '../face/compare-embeddings.js';
import { type FaceEmbedder, normOf } from '../face/embed-face.js';
import type { RgbImage } from '../types.js';

/** A recogniser without golden numbers must at least distinguish the two inputs. */
const COLLAPSED_SIMILARITY = 0.98;

/**
 * Returns a synthetic "face", the same on every machine: RGB, 112 × 112, smooth waves from integer arithmetic only.
 * `variant` 0 and 1 are the two inputs of the self-test.
 */
export function createSelfTestInput(variant: 0 | 1): RgbImage {
  const side = ALIGNED_SIDE_PX;
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const wave = variant === 0 ? x * x + 3 * y * (channel + 1) : 5 * x * (channel + 2) + y * y;
        // A triangle wave of period 511 in 0..255 has no steps that a rounding difference could move.
        data[(y * side + x) * 3 + channel] = Math.abs((wave % 511) - 255);
      }
    }
  }
  return { width: side, height: side, data };
}

/** Returns the recogniser's results for the synthetic inputs. @throws model_failure if an embedding is unusable. */
export async function measureSelfTest(embedder: FaceEmbedder): Promise<Omit<GoldenNumbers, 'tolerance'>> {
  const first = await embedder.embed(createSelfTestInput(0));
  const second = await embedder.embed(createSelfTestInput(1));
  return { similarity: compareEmbeddings(first, second), norms: [normOf(first), normOf(second)] };
}

/**
 * Runs the recogniser on the synthetic inputs and compares the results with the pack's golden numbers. Without them it
 * detects only a collapse, in which all inputs give the same embedding.
 * @throws Error that says what differs.
 */
export async function runSelfTest(embedder: FaceEmbedder, golden: GoldenNumbers | undefined): Promise<void> {
  const measured = await measureSelfTest(embedder);
  if (!golden) {
    if (measured.similarity < COLLAPSED_SIMILARITY) return;
    throw new Error(
      `The recogniser cannot distinguish different inputs (similarity ${measured.similarity}).`,
    );
  }
  const isNear = (value: number, expected: number, scale: number) =>
    Math.abs(value - expected) <= golden.tolerance * scale;
  const passes =
    isNear(measured.similarity, golden.similarity, 1) &&
    measured.norms.every((norm, index) => isNear(norm, golden.norms[index]!, golden.norms[index]!));
  if (passes) return;
  throw new Error(
    `The self-test failed: similarity ${measured.similarity}, norms ${measured.norms.join(' and ')} ` +
      `instead of ${golden.similarity}, ${golden.norms.join(' and ')}.`,
  );
}
