import { GENERAL_DATA } from './general-data.js';
import type { FeatureName } from './measure-features.js';
import type { FaceRating, RecognisabilityData, RecognisabilityLimits } from './rate-face.js';

/** A rating as a manifest has it; its schema is in src/shared/model-manifest.ts. */
interface StoredRating {
  readonly bias: number;
  readonly features: Readonly<
    Partial<Record<FeatureName, { readonly mean: number; readonly weight: number }>>
  >;
  /** As many little-endian float32 as an embedding has, in base64. */
  readonly direction: string;
}

/** The block `recognisability` of a manifest. */
export interface StoredRecognisability {
  readonly score: StoredRating;
  readonly not_a_face: StoredRating;
  readonly covered: StoredRating;
  readonly limits: RecognisabilityLimits;
}

/**
 * Returns what a manifest's block says; without one what holds for every pack, which asks no embedding.
 * @throws Error when a direction has not `embeddingLength` finite numbers.
 */
export function readRecognisability(
  block: StoredRecognisability | undefined,
  embeddingLength: number,
): RecognisabilityData {
  if (!block) return GENERAL_DATA;
  return {
    score: readRating(block.score, embeddingLength),
    notAFace: readRating(block.not_a_face, embeddingLength),
    covered: readRating(block.covered, embeddingLength),
    limits: block.limits,
  };
}

/** Returns a rating as a manifest has it. */
export function storeRating({ bias, features, direction }: FaceRating): StoredRating {
  if (!direction) throw new Error('this is a bug: a rating for a manifest without a direction');
  const bytes = Buffer.alloc(direction.length * 4);
  direction.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4);
  });
  return { bias, features, direction: bytes.toString('base64') };
}

function readRating({ bias, features, direction }: StoredRating, embeddingLength: number): FaceRating {
  const bytes = Buffer.from(direction, 'base64');
  const numbers = Float32Array.from({ length: bytes.length >> 2 }, (_, index) =>
    bytes.readFloatLE(index * 4),
  );
  if (numbers.length !== embeddingLength || !numbers.every(Number.isFinite)) {
    throw new Error("The recognisability block of the pack's manifest is damaged.");
  }
  return { bias, features, direction: numbers };
}
