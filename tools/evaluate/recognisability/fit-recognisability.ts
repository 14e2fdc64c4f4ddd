import { FEATURE_NAMES } from '../../../src/worker/vision/recognisability/measure-features.js';
import {
  type FaceEvidence,
  type RecognisabilityData,
  type RecognisabilityLimits,
  rateFace,
} from '../../../src/worker/vision/recognisability/rate-face.js';
import { fitRating, type RatingOptions } from './fit-rating.js';

/** One face and what is known about it. */
export interface Example extends FaceEvidence {
  /** Photos of one person are never in two folds. */
  readonly person: string;
  /** Similarity to the whole photo of the same face; 1 for that photo, 0 for what is not a face. */
  readonly similarity: number;
  readonly kind: 'clean' | 'spoilt' | 'covered' | 'garbage';
}

/** The data made from all examples, and what is needed to measure them on persons that they were not made from. */
interface FittedRecognisability {
  readonly data: RecognisabilityData;
  /** For each fold, data made without its persons, limits included. */
  readonly folds: readonly RecognisabilityData[];
}

type Ratings = Omit<RecognisabilityData, 'limits'>;

/** Similarity to the clean photo up to which a face should score 0, and from which it should score 1. */
const HOPELESS = 0.35;
const FINE = 0.8;

const FOLDS = 5;

/** Shares of clean photos that score below `standard` and `strict`. */
const REFUSED = 0.004;
const REFUSED_IF_STRICT = 0.03;

/** Greatest `standard`: where clean photos score higher, more photos with small flaws pass. */
const MOST_STANDARD = 0.55;

/** Shares of clean photos that count as doubtful. General data miss too many flaws at a tenth. */
const DOUBTFUL = { block: 0.1, general: 0.15 };

/** Brings strangers in every row of docs/accuracy.md below 4.4e-5 without losing a mated pair of `lite`. */
const MARGIN = 0.15;

/** The length of an embedding means something else with another recogniser. */
const GENERAL_FEATURES = FEATURE_NAMES.filter((name) => name !== 'norm');

/** Covered faces count as unusable, however similar: two of them resemble each other in what covers them. */
const scoreTarget = ({ kind, similarity }: Example): number =>
  kind === 'garbage' || kind === 'covered'
    ? 0
    : Math.min(1, Math.max(0, (similarity - HOPELESS) / (FINE - HOPELESS)));
const flawTarget = ({ kind }: Example): number => (kind === 'clean' ? 0 : 1);
const kindTarget = (wanted: Example['kind']) => (example: Example) => (example.kind === wanted ? 1 : 0);

/** Returns data for one recogniser. */
export function fitRecognisability(examples: readonly Example[]): FittedRecognisability {
  const options = { features: FEATURE_NAMES, useEmbedding: true };
  return fitFolds(examples, DOUBTFUL.block, (part) => ({
    ...fitBoth(part, options),
    notAFace: fitRating(part, { ...options, target: kindTarget('garbage') }),
    covered: fitRating(part, { ...options, target: kindTarget('covered') }),
  }));
}

/** Returns data for every recogniser: without what differs between them, so with more mistakes. */
export function fitGeneral(examples: readonly Example[]): FittedRecognisability {
  const options = { features: GENERAL_FEATURES, useEmbedding: false };
  return fitFolds(examples, DOUBTFUL.general, (part) => fitBoth(part, options));
}

/** Returns the fold of a person, always the same one. */
export function foldOf(person: string): number {
  let hash = 2_166_136_261;
  for (let i = 0; i < person.length; i++) hash = Math.imul(hash ^ person.charCodeAt(i), 16_777_619);
  return ((hash ^ (hash >>> 15)) >>> 0) % FOLDS;
}

function fitBoth(
  examples: readonly Example[],
  options: Pick<RatingOptions<Example>, 'features' | 'useEmbedding'>,
): Pick<Ratings, 'score' | 'flawed'> {
  return {
    score: fitRating(examples, { ...options, target: scoreTarget }),
    flawed: fitRating(examples, { ...options, target: flawTarget, useSquares: true }),
  };
}

function fitFolds(
  examples: readonly Example[],
  doubtful: number,
  fitPart: (examples: readonly Example[]) => Ratings,
): FittedRecognisability {
  const ratings = Array.from({ length: FOLDS }, (_, fold) =>
    fitPart(examples.filter(({ person }) => foldOf(person) !== fold)),
  );
  const clean = examples.filter(({ kind }) => kind === 'clean');
  const answers = clean.map((example) => {
    const fold = foldOf(example.person);
    const { score, flawed } = ratings[fold]!;
    return { fold, score: rateFace(example, score), flaw: rateFace(example, flawed) };
  });
  return {
    data: { ...fitPart(examples), limits: findLimits(answers, doubtful) },
    folds: ratings.map((rating, fold) => ({
      ...rating,
      limits: findLimits(
        answers.filter((answer) => answer.fold !== fold),
        doubtful,
      ),
    })),
  };
}

/** Returns the limits that follow from answers about clean photos of persons whom the models have not seen. */
function findLimits(
  answers: readonly { readonly score: number; readonly flaw: number }[],
  doubtful: number,
): RecognisabilityLimits {
  const scores = answers.map(({ score }) => score);
  const flaws = answers.map(({ flaw }) => flaw);
  return {
    standard: Math.min(quantile(scores, REFUSED), MOST_STANDARD),
    strict: quantile(scores, REFUSED_IF_STRICT),
    flawed: quantile(flaws, 1 - doubtful),
    margin: MARGIN,
  };
}

/** Returns the value below which the given share of `values` lies, to three digits. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(3));
}
