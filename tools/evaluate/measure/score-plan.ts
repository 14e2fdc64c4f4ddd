import { errorCodesOf, VerificationError } from '../../../src/shared/errors.js';
import { compareEmbeddings } from '../../../src/worker/vision/face/compare-embeddings.js';
import type { FaceAnalysis } from '../../../src/worker/vision/types.js';
import type { EvaluationPlan } from '../plan/evaluation-plan.js';
import { type FileStamp, keepFace, type PhotoRecord, toPhotoRow } from '../results/photo-record.js';
import type { ResultFolder } from '../results/result-folder.js';
import { toPairRow, toVerificationRow } from '../results/result-tables.js';
import { type ComparisonDesk, createComparisonDesk } from './comparison-desk.js';
import type { EvaluationState } from './evaluation-state.js';

/** Failures that the photo itself causes. Any other failure ends the run instead of counting. */
const PHOTO_FAILURES = errorCodesOf('photo');

export interface ScoringDependencies {
  readonly readPhoto: (name: string) => Promise<Uint8Array>;
  readonly analyse: (bytes: Uint8Array, signal: AbortSignal) => Promise<FaceAnalysis>;
  readonly results: Pick<ResultFolder, 'add' | 'flush'>;
  /** Current state of each photo's file. */
  readonly stamps: readonly FileStamp[];
  /** Larger files are refused as image_too_large, as in the service. */
  readonly maxBytes: number;
  /** Photos processed at the same time. */
  readonly concurrency: number;
  /** Called for each usable photo, if every photo's embedding is needed. */
  readonly keepEmbedding?: (photo: number, embedding: Float32Array) => void;
  /** Called after each photo. */
  readonly onPhoto: () => void;
  /** Stops the run between two photos. */
  readonly signal: AbortSignal;
}

/**
 * Returns the photos to analyse: first those of everything without a score, in the order in which the plan needs them, so
 * that an interrupted run has as many scores as possible; then photos that were never analysed.
 */
export function listNeededPhotos(plan: EvaluationPlan, state: EvaluationState): readonly number[] {
  const mayHaveFace = (photo: number): boolean => state.records[photo]?.usable !== false;
  if (plan.allPairs) return [...plan.photos.keys()].filter(mayHaveFace);
  const needed = new Set<number>();
  for (const comparison of listOpen(plan, state)) {
    for (const photo of photosOf(plan, comparison)) if (mayHaveFace(photo)) needed.add(photo);
  }
  for (const photo of plan.photos.keys()) if (!state.records[photo]) needed.add(photo);
  return [...needed];
}

/**
 * Analyses the required photos and scores every pair and attempt as soon as its photos are analysed, in `state` and in the
 * folder of results.
 * @throws the signal's reason if it aborts; scores so far are kept. VerificationError if the models fail, Error if a file
 *   cannot be read.
 */
export async function scorePlan(
  plan: EvaluationPlan,
  state: EvaluationState,
  deps: ScoringDependencies,
): Promise<void> {
  const photos = listNeededPhotos(plan, state);
  const desk = openDesk(plan, state, { results: deps.results, expected: new Set(photos) });
  const queue = photos[Symbol.iterator]();
  const failure = new AbortController();
  const either = AbortSignal.any([deps.signal, failure.signal]);
  const work = async (): Promise<void> => {
    for (const photo of queue) {
      either.throwIfAborted();
      const { record, embedding } = await analysePhoto(photo, plan, { ...deps, signal: either });
      state.records[photo] = record;
      deps.results.add('photos', toPhotoRow(plan.photos[photo] ?? '', record));
      desk.deliver(photo, embedding);
      if (embedding) deps.keepEmbedding?.(photo, embedding);
      await deps.results.flush();
      deps.onPhoto();
    }
  };
  const workers = Array.from({ length: deps.concurrency }, () =>
    work().catch((error: unknown) => failure.abort(error)),
  );
  await Promise.all(workers);
  either.throwIfAborted();
}

interface Analysed {
  readonly record: PhotoRecord;
  readonly embedding: Float32Array | undefined;
}

async function analysePhoto(
  photo: number,
  plan: EvaluationPlan,
  deps: ScoringDependencies,
): Promise<Analysed> {
  const stamp = deps.stamps[photo];
  const name = plan.photos[photo];
  if (!stamp || name === undefined) throw new Error('this is a bug: a photo has no file');
  try {
    if (stamp.bytes > deps.maxBytes) throw new VerificationError('image_too_large');
    const analysis = await deps.analyse(await deps.readPhoto(name), deps.signal);
    return { record: { ...stamp, usable: true, face: keepFace(analysis) }, embedding: analysis.embedding };
  } catch (error) {
    if (!(error instanceof VerificationError) || !PHOTO_FAILURES.includes(error.code)) throw error;
    return { record: { ...stamp, usable: false, code: error.code }, embedding: undefined };
  }
}

function openDesk(
  plan: EvaluationPlan,
  state: EvaluationState,
  { results, expected }: Pick<ScoringDependencies, 'results'> & { readonly expected: ReadonlySet<number> },
): ComparisonDesk {
  return createComparisonDesk({
    open: listOpen(plan, state),
    photosOf: (comparison) => photosOf(plan, comparison),
    isExpected: (photo) => expected.has(photo),
    onComplete: (comparison, embeddings) => {
      const pair = plan.pairs[comparison];
      const attempt = plan.verifications[comparison - plan.pairs.length];
      const [similarity = Number.NaN, second = Number.NaN, third = Number.NaN] = compareAll(embeddings);
      if (pair && !Number.isNaN(similarity)) {
        state.similarities[comparison] = similarity;
        results.add('scores', toPairRow(plan, pair, similarity));
      }
      if (attempt) {
        state.verifications[comparison - plan.pairs.length] = [similarity, second, third];
        results.add('verifications', toVerificationRow(plan, attempt, [similarity, second, third]));
      }
    },
  });
}

/** Returns the similarity of every other embedding to the first; NaN if one of the two is missing. */
function compareAll([reference, ...probes]: readonly (Float32Array | undefined)[]): readonly number[] {
  return probes.map((probe) => (probe && reference ? compareEmbeddings(probe, reference) : Number.NaN));
}

/** Yields the number of every pair (from 0) and attempt (after the pairs) that has no score but can get one. */
function* listOpen(plan: EvaluationPlan, state: EvaluationState): Generator<number> {
  const hasFailed = (photo: number): boolean => state.records[photo]?.usable === false;
  for (const [index, { probe, reference }] of plan.pairs.entries()) {
    const isOpen = Number.isNaN(state.similarities[index]);
    if (isOpen && !hasFailed(probe) && !hasFailed(reference)) yield index;
  }
  for (const index of plan.verifications.keys())
    if (!state.verifications[index]) yield plan.pairs.length + index;
}

/** Returns the reference of a comparison first, then its probes. */
function photosOf({ pairs, verifications }: EvaluationPlan, comparison: number): readonly number[] {
  const pair = pairs[comparison];
  if (pair) return [pair.reference, pair.probe];
  const attempt = verifications[comparison - pairs.length];
  return attempt ? [attempt.reference, ...attempt.probes] : [];
}
