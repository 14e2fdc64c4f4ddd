import { readNumbers, storeNumbers } from './float-text.js';
import { GENERAL_DATA } from './general-data.js';
import { APPEARANCE_LENGTH } from './measure-appearance.js';
import { FEATURE_NAMES, type FeatureName } from './measure-features.js';
import type { FaceRating, FeatureTerm, RecognisabilityData, RecognisabilityLimits } from './rate-face.js';

const KNOWN_FEATURES: ReadonlySet<string> = new Set(FEATURE_NAMES);

/** A rating as a manifest has it; its schema is in src/shared/models/model-manifest.ts. */
interface StoredRating {
  readonly bias: number;
  readonly features: Readonly<Partial<Record<FeatureName, FeatureTerm>>>;
  /** 288 little-endian float32 in base64. */
  readonly appearance?: string | undefined;
  /** As many little-endian float32 as an embedding has, in base64. */
  readonly direction: string;
}

/** The block `recognisability` of a manifest. */
export interface StoredRecognisability {
  readonly score: StoredRating;
  readonly flawed: StoredRating;
  readonly not_a_face: StoredRating;
  readonly covered: StoredRating;
  readonly limits: RecognisabilityLimits;
}

/**
 * Returns the contents of a manifest's block; without a block, data that suit every pack and ignore the embedding.
 * @throws Error that names the damaged part: an unknown feature, or a direction that is not `embeddingLength` finite
 *   numbers.
 */
export function readRecognisability(
  block: StoredRecognisability | undefined,
  embeddingLength: number,
): RecognisabilityData {
  if (!block) return GENERAL_DATA;
  return {
    score: readRating(block.score, { name: 'score', embeddingLength }),
    flawed: readRating(block.flawed, { name: 'flawed', embeddingLength }),
    notAFace: readRating(block.not_a_face, { name: 'not_a_face', embeddingLength }),
    covered: readRating(block.covered, { name: 'covered', embeddingLength }),
    limits: block.limits,
  };
}

/** Returns a rating as a manifest has it. */
export function storeRating({ bias, features, appearance, direction }: FaceRating): StoredRating {
  if (!direction) throw new Error('this is a bug: a rating for a manifest without a direction');
  return {
    bias,
    features,
    ...(appearance && { appearance: storeNumbers(appearance) }),
    direction: storeNumbers(direction),
  };
}

function readRating(
  { bias, features, appearance, direction }: StoredRating,
  { name, embeddingLength }: { readonly name: string; readonly embeddingLength: number },
): FaceRating {
  const unknown = Object.keys(features).find((feature) => !KNOWN_FEATURES.has(feature));
  if (unknown !== undefined) throw damaged(`${name}.features`, `${JSON.stringify(unknown)} is not a feature`);
  const numbers = (part: string, text: string, length: number): Float32Array => {
    const read = readNumbers(text);
    if (read.length === length && read.every(Number.isFinite)) return read;
    throw damaged(`${name}.${part}`, `it must be ${length} finite numbers`);
  };
  return {
    bias,
    features,
    ...(appearance !== undefined && {
      appearance: numbers('appearance', appearance, APPEARANCE_LENGTH),
    }),
    direction: numbers('direction', direction, embeddingLength),
  };
}

function damaged(part: string, reason: string): Error {
  return new Error(`The pack's manifest is damaged in recognisability.${part}: ${reason}.`);
}
