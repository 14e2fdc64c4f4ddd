import {
  FRONT_IMAGES,
  type FrontImage,
  IMAGE_NAMES,
  type ImageName,
} from '../../shared/contract/compare-request.js';
import type { ComparisonFailure, ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import type { Evidence } from '../../shared/contract/evidence.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { publicFactsOf, VerificationError } from '../../shared/errors.js';
import { compareEmbeddings } from '../vision/face/compare-embeddings.js';
import type { FaceAnalysis } from '../vision/types.js';
import { analysePhoto, type PhotoResult, type PhotoResults, type PhotoSteps } from './analyse-photo.js';
import { createEvidence, listWarnings, type ModelIdentity } from './create-evidence.js';
import { type Decision, decide, type Probe } from './decide.js';
import { type DuplicatePair, findDuplicates } from './find-duplicates.js';
import { withholdDoubtful } from './withhold-doubtful.js';

export interface VerificationRequest {
  readonly images: Readonly<Record<ImageName, string>>;
  readonly threshold: number;
  readonly minMatches: 2 | 3;
}

/** Rules that are the same for every comparison of a worker. */
export interface VerificationRules {
  readonly duplicatePolicy: 'warn' | 'reject';
  readonly model: ModelIdentity;
  /** Returns the false match rate that a threshold is known not to exceed. */
  readonly fmrAt: (threshold: number) => number | undefined;
}

export interface VerificationDependencies extends PhotoSteps, VerificationRules {}

export interface Verification {
  readonly outcome: ComparisonOutcome;
  /** Present only if the comparison was decided. */
  readonly evidence?: Evidence;
  readonly duplicates: readonly DuplicatePair[];
  readonly photos: PhotoResults;
}

/**
 * Fetches and analyses four photos and decides whether they show one person. A problem with a photo is an outcome and
 * never rejects.
 * @throws the signal's reason if it aborts between two steps; VerificationError `model_failure`.
 */
export async function verifyPerson(
  request: VerificationRequest,
  deps: VerificationDependencies,
  signal: AbortSignal,
): Promise<Verification> {
  // Every probe needs the reference, so it is fetched first.
  const names: readonly ImageName[] = ['back_image', ...FRONT_IMAGES];
  const entries = await Promise.all(
    names.map(
      async (name) => [name, await analysePhoto({ name, url: request.images[name] }, deps, signal)] as const,
    ),
  );
  const photos = Object.fromEntries(entries) as Record<ImageName, PhotoResult>;
  try {
    signal.throwIfAborted();
    return conclude(request, deps, photos);
  } finally {
    forgetEmbeddings(photos);
  }
}

/** Everything after the analysis of the photos. Pure. */
function conclude(
  request: VerificationRequest,
  deps: VerificationDependencies,
  analysed: PhotoResults,
): Verification {
  const duplicates = findDuplicates(identitiesOf(analysed));
  const photos = withholdDoubtful(analysed, request.threshold);
  const reference = photos.back_image;
  if (!reference.usable) return { outcome: failureOf(photos, ['back_image']), duplicates, photos };
  if (duplicates.length > 0 && deps.duplicatePolicy === 'reject') {
    return { outcome: duplicateFailure(duplicates), duplicates, photos };
  }
  const probes = probesAgainst(reference.analysis, photos);
  const decision = decide({ probes, threshold: request.threshold, minMatches: request.minMatches });
  if (decision.kind === 'undecided')
    return { outcome: failureOf(photos, decision.unusable), duplicates, photos };
  const evidence = evidenceOf(decision, { request, deps, probes, photos, duplicates });
  const { matched } = decision;
  return { outcome: { ok: true, matched, warnings: listWarnings(evidence) }, evidence, duplicates, photos };
}

interface DecidedComparison {
  readonly request: VerificationRequest;
  readonly deps: VerificationDependencies;
  readonly probes: Readonly<Record<FrontImage, Probe>>;
  readonly photos: PhotoResults;
  readonly duplicates: readonly DuplicatePair[];
}

function evidenceOf(
  decision: Extract<Decision, { kind: 'decided' }>,
  comparison: DecidedComparison,
): Evidence {
  const { request, deps, probes, photos, duplicates } = comparison;
  return createEvidence({
    threshold: request.threshold,
    fmr: deps.fmrAt(request.threshold),
    minMatches: request.minMatches,
    matches: decision.matches,
    model: deps.model,
    probes,
    photos,
    duplicates,
  });
}

/** Embeddings are biometric data: they live no longer than the comparison. */
function forgetEmbeddings(photos: PhotoResults): void {
  for (const photo of Object.values(photos)) if (photo.usable) photo.analysis.embedding.fill(0);
}

function probesAgainst(reference: FaceAnalysis, photos: PhotoResults): Readonly<Record<FrontImage, Probe>> {
  const probe = (name: FrontImage): Probe => {
    const photo = photos[name];
    if (!photo.usable) return photo;
    return { usable: true, similarity: compareEmbeddings(photo.analysis.embedding, reference.embedding) };
  };
  return {
    front_image1: probe('front_image1'),
    front_image2: probe('front_image2'),
    front_image3: probe('front_image3'),
  };
}

function identitiesOf(photos: PhotoResults): Partial<Record<ImageName, FaceAnalysis>> {
  return Object.fromEntries(
    IMAGE_NAMES.flatMap((name) => {
      const photo = photos[name];
      return photo.usable ? [[name, photo.analysis]] : [];
    }),
  );
}

/** The code is that of the first blamed photo; a retry can help if it can help any of them. */
function failureOf(photos: PhotoResults, blamed: readonly ImageName[]): ComparisonFailure {
  const errors = blamed.flatMap((image): { item: ProblemItem; error: VerificationError }[] => {
    const photo = photos[image];
    return photo.usable ? [] : [{ item: { image, ...publicFactsOf(photo.error) }, error: photo.error }];
  });
  const [first] = errors;
  if (!first) throw new Error('this is a bug: an undecided comparison needs a photo to blame');
  return {
    ok: false,
    ...publicFactsOf(first.error),
    detail: `${first.item.image}: ${first.item.detail}`,
    retryable: errors.some(({ error }) => error.retryable),
    ...(first.item.image ? { image: first.item.image } : {}),
    errors: errors.map(({ item }) => item),
  };
}

function duplicateFailure(duplicates: readonly DuplicatePair[]): ComparisonFailure {
  const { code, message, retryable } = new VerificationError('duplicate_image');
  const errors = duplicates.map(({ first, second, kind }): ProblemItem => {
    const how = kind === 'identical' ? 'is the same file as' : 'shows the same picture as';
    return { image: second, code, detail: `${second} ${how} ${first}.` };
  });
  const image = errors[0]?.image;
  return {
    ok: false,
    code,
    detail: errors[0]?.detail ?? message,
    retryable,
    ...(image ? { image } : {}),
    errors,
  };
}
