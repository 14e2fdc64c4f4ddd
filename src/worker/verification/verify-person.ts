import {
  FRONT_IMAGES,
  type FrontImage,
  IMAGE_NAMES,
  type ImageName,
} from '../../shared/contract/compare-request.js';
import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import type { Evidence } from '../../shared/contract/evidence.js';
import type { PhotoSource } from '../images/load-image.js';
import { compareEmbeddings } from '../vision/face/compare-embeddings.js';
import type { FaceAnalysis } from '../vision/types.js';
import type { PhotoResults, PhotoSteps } from './analyse-photo.js';
import { createEvidence, listWarnings, type ModelIdentity, sumTimings } from './create-evidence.js';
import { type Decision, decide, type Probe } from './decide.js';
import { duplicateFailure, referenceFailure, undecidedFailure } from './describe-failure.js';
import { type DuplicatePair, findDuplicates } from './find-duplicates.js';
import { gatherPhotos, type SkipReason } from './gather-photos.js';
import { isBorderline } from './is-borderline.js';
import { withholdDoubtful } from './withhold-doubtful.js';

export interface VerificationRequest {
  readonly images: Readonly<Record<ImageName, PhotoSource>>;
  readonly threshold: number;
  readonly minMatches: 2 | 3;
  /** Distance from the threshold within which a decision is borderline, 0..0.2. Absent: nobody asked. */
  readonly reviewMargin?: number | undefined;
  /** True if every photo is analysed, also one that cannot change the decision: the caller asked what is in them. */
  readonly everyPhoto: boolean;
  /** True if the digest of every fetched photo is wanted. */
  readonly keepsDigests?: boolean | undefined;
}

/** Rules that are the same for every comparison of a worker. */
export interface VerificationRules {
  readonly duplicatePolicy: 'warn' | 'reject';
  /** True if a comparison ends as soon as no remaining photo can change it. */
  readonly earlyDecision: boolean;
  readonly model: ModelIdentity;
  /** Returns the false match rate that a threshold is known not to exceed. */
  readonly fmrAt: (threshold: number) => number | undefined;
}

export interface VerificationDependencies extends PhotoSteps, VerificationRules {}

export interface Verification {
  readonly outcome: ComparisonOutcome;
  /** Present only if no photo was skipped. */
  readonly evidence?: Evidence;
  readonly duplicates: readonly DuplicatePair[];
  readonly photos: PhotoResults;
  /** Of the fronts that were compared with the reference. */
  readonly similarities: Readonly<Partial<Record<FrontImage, number>>>;
  /** The photos that the decision did not wait for. */
  readonly skipped: ReadonlyMap<ImageName, SkipReason>;
  /** Milliseconds by step, summed over the photos. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/**
 * Fetches and analyses the photos and decides whether they show one person, as soon as no remaining photo can change it.
 * A problem with a photo is an outcome and never rejects.
 * @throws the signal's reason if it aborts; VerificationError `model_failure`.
 */
export async function verifyPerson(
  request: VerificationRequest,
  deps: VerificationDependencies,
  signal: AbortSignal,
): Promise<Verification> {
  signal.throwIfAborted();
  // Any photo can turn out to be a duplicate, so the policy to refuse them needs all.
  const endsEarly = deps.earlyDecision && deps.duplicatePolicy === 'warn' && !request.everyPhoto;
  const countNeeded = endsEarly ? (known: PhotoResults) => countUntilDecided(known, request) : countUntilAll;
  const steps = { ...deps, keepsDigests: request.keepsDigests };
  const gathering = gatherPhotos(request.images, { steps, countNeeded, signal });
  try {
    const photos = await gathering.known;
    signal.throwIfAborted();
    const timingsMs = sumTimings(photos);
    return { ...conclude(request, deps, photos), skipped: gathering.skipped(), timingsMs };
  } finally {
    gathering.end();
  }
}

/** As `GatherOptions.countNeeded`, for a comparison that ends once every photo is known. */
function countUntilAll(known: PhotoResults): number {
  return IMAGE_NAMES.every((name) => known[name]) ? 0 : IMAGE_NAMES.length;
}

/** As `GatherOptions.countNeeded`, for a comparison that ends once no pending photo can change it. */
function countUntilDecided(known: PhotoResults, request: VerificationRequest): number {
  const { back_image: reference } = known;
  if (reference?.usable === false) return 0;
  const { threshold, minMatches } = request;
  const probes = probesAgainst(reference?.analysis, withholdDoubtful(known, threshold));
  const decision = decide({ probes, threshold, minMatches });
  if (decision.kind === 'pending') return decision.needed;
  const isSettled = FRONT_IMAGES.every((name) => probes[name]) || !isClose(request, probes, decision);
  return reference && isSettled ? 0 : 1;
}

/** True if the caller asks for borderline decisions and this is one, as far as the probes are known. */
function isClose(
  { reviewMargin: margin, ...rule }: VerificationRequest,
  probes: Probes,
  decision: Decision,
): boolean {
  if (margin === undefined || decision.kind !== 'decided') return false;
  return isBorderline({ ...rule, probes }, { matched: decision.matched, margin });
}

/** Everything after the analysis of the photos. Pure. */
function conclude(
  request: VerificationRequest,
  deps: VerificationDependencies,
  analysed: PhotoResults,
): Omit<Verification, 'skipped' | 'timingsMs'> {
  const { threshold, minMatches } = request;
  const duplicates = findDuplicates(identitiesOf(analysed));
  const photos = withholdDoubtful(analysed, threshold);
  const reference = photos.back_image;
  const endWith = (outcome: ComparisonOutcome, probes: Probes = {}) => {
    const evidence = evidenceOf({ request, deps, probes, photos, duplicates });
    const similarities = similaritiesOf(probes);
    return { outcome, duplicates, photos, similarities, ...(evidence ? { evidence } : {}) };
  };
  if (!reference?.usable) return endWith(referenceFailure(photos));
  if (duplicates.length > 0 && deps.duplicatePolicy === 'reject')
    return endWith(duplicateFailure(duplicates));
  const probes = probesAgainst(reference.analysis, photos);
  const decision = decide({ probes, threshold, minMatches });
  switch (decision.kind) {
    case 'pending':
      throw new Error('this is a bug: a pending photo can change the decision');
    case 'undecided':
      return endWith(undecidedFailure(photos, { ...decision, probes, threshold, minMatches }), probes);
    case 'decided': {
      const warnings = listWarnings(photos, duplicates);
      const borderline = isClose(request, probes, decision) ? ({ borderline: true } as const) : {};
      return endWith({ ok: true, matched: decision.matched, ...borderline, warnings }, probes);
    }
  }
}

type Probes = Readonly<Partial<Record<FrontImage, Probe>>>;

interface EndedComparison {
  readonly request: VerificationRequest;
  readonly deps: VerificationDependencies;
  /** Empty if the fronts were not compared. */
  readonly probes: Probes;
  readonly photos: PhotoResults;
  readonly duplicates: readonly DuplicatePair[];
}

/** Returns undefined if a photo was skipped: evidence describes all four. */
function evidenceOf({ request, deps, probes, photos, duplicates }: EndedComparison): Evidence | undefined {
  const { front_image1, front_image2, front_image3, back_image } = photos;
  if (!front_image1 || !front_image2 || !front_image3 || !back_image) return undefined;
  return createEvidence({
    threshold: request.threshold,
    fmr: deps.fmrAt(request.threshold),
    minMatches: request.minMatches,
    model: deps.model,
    probes,
    photos: { front_image1, front_image2, front_image3, back_image },
    duplicates,
  });
}

/** Returns the probes known so far. A usable front is pending until the reference is known. */
function probesAgainst(reference: FaceAnalysis | undefined, photos: PhotoResults): Probes {
  const probes: Partial<Record<FrontImage, Probe>> = {};
  for (const name of FRONT_IMAGES) {
    const photo = photos[name];
    if (!photo) continue;
    if (!photo.usable) probes[name] = photo;
    else if (reference)
      probes[name] = {
        usable: true,
        similarity: compareEmbeddings(photo.analysis.embedding, reference.embedding),
      };
  }
  return probes;
}

function similaritiesOf(probes: Probes): Verification['similarities'] {
  const similarities: Partial<Record<FrontImage, number>> = {};
  for (const name of FRONT_IMAGES) {
    const probe = probes[name];
    if (probe?.usable) similarities[name] = probe.similarity;
  }
  return similarities;
}

function identitiesOf(photos: PhotoResults): Partial<Record<ImageName, FaceAnalysis>> {
  return Object.fromEntries(
    IMAGE_NAMES.flatMap((name) => {
      const photo = photos[name];
      return photo?.usable ? [[name, photo.analysis]] : [];
    }),
  );
}
