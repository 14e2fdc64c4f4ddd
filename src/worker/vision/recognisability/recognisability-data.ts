import { EMBEDDING_LENGTH } from '../face/compare-embeddings.js';
import { GENERAL_DATA } from './general-data.js';
import type { FeatureName } from './measure-features.js';
import type { FaceRating, RecognisabilityData, RecognisabilityLimits } from './rate-face.js';

/** A rating as a manifest has it; its schema is in src/shared/models/model-manifest.ts. */
interface StoredRating {
  readonly bias: number;
  readonly features: Readonly<
    Partial<Record<FeatureName, { readonly mean: number; readonly weight: number }>>
  >;
  /** 512 little-endian float32 in base64. */
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
 * @throws Error when a direction has not 512 finite numbers.
 */
export function readRecognisability(block: StoredRecognisability | undefined): RecognisabilityData {
  if (!block) return GENERAL_DATA;
  return {
    score: readRating(block.score),
    notAFace: readRating(block.not_a_face),
    covered: readRating(block.covered),
    limits: block.limits,
  };
}

/** Returns a rating as a manifest has it. */
export function storeRating({ bias, features, direction }: FaceRating): StoredRating {
  const numbers = direction ?? new Float32Array(EMBEDDING_LENGTH);
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4);
  });
  return { bias, features, direction: bytes.toString('base64') };
}

function readRating({ bias, features, direction }: StoredRating): FaceRating {
  const bytes = Buffer.from(direction, 'base64');
  const numbers = Float32Array.from({ length: bytes.length >> 2 }, (_, index) =>
    bytes.readFloatLE(index * 4),
  );
  if (numbers.length !== EMBEDDING_LENGTH || !numbers.every(Number.isFinite)) {
    throw new Error("The recognisability block of the pack's manifest is damaged.");
  }
  return { bias, features, direction: numbers };
}
