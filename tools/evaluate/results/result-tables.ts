import { formatCsvRow } from '../../../src/cli/csv.js';
import { createState, type EvaluationState, type ProbeSimilarities } from '../measure/evaluation-state.js';
import type { EvaluationPlan, PhotoPair, PlannedVerification } from '../plan/evaluation-plan.js';
import { type FileStamp, fromPhotoRow, PHOTO_COLUMNS, toPhotoRow } from './photo-record.js';

/** The tables of an evaluation and their columns. */
export const TABLES = {
  photos: PHOTO_COLUMNS,
  scores: ['file_x', 'file_y', 'decision', 'similarity'],
  verifications: [
    'reference',
    'probe1',
    'probe2',
    'probe3',
    'decision',
    'similarity1',
    'similarity2',
    'similarity3',
  ],
} as const;
export type TableName = keyof typeof TABLES;
export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];

/** Cells of one line. */
export type Row = readonly (string | number)[];

/** Returns the row of a scored pair. */
export function toPairRow(plan: EvaluationPlan, pair: PhotoPair, similarity: number): Row {
  return [...namesOf(plan, [pair.probe, pair.reference]), pair.mated ? 'Yes' : 'No', similarity];
}

/** Returns the row of a scored attempt. The cell of a probe without a similarity is empty. */
export function toVerificationRow(
  plan: EvaluationPlan,
  { reference, probes, mated }: PlannedVerification,
  similarities: ProbeSimilarities,
): Row {
  const cells = similarities.map((value) => (Number.isNaN(value) ? '' : value));
  return [...namesOf(plan, [reference, ...probes]), mated ? 'Yes' : 'No', ...cells];
}

/** Returns the rows of all results. */
export function listRows(plan: EvaluationPlan, state: EvaluationState): Readonly<Record<TableName, Row[]>> {
  return {
    photos: plan.photos.flatMap((name, photo) => {
      const record = state.records[photo];
      return record ? [toPhotoRow(name, record)] : [];
    }),
    scores: plan.pairs.flatMap((pair, index) => {
      const similarity = state.similarities[index] ?? Number.NaN;
      return Number.isNaN(similarity) ? [] : [toPairRow(plan, pair, similarity)];
    }),
    verifications: plan.verifications.flatMap((attempt, index) => {
      const similarities = state.verifications[index];
      return similarities ? [toVerificationRow(plan, attempt, similarities)] : [];
    }),
  };
}

/**
 * Returns the results in rows of earlier runs of this plan. `stamps`: the current state of each photo's file; results of a
 * changed photo and of its pairs are dropped.
 */
export function restoreState(
  plan: EvaluationPlan,
  rows: Readonly<Record<TableName, readonly (readonly string[])[]>>,
  stamps: readonly FileStamp[],
): EvaluationState {
  const state = createState(plan);
  const photos = new Map(plan.photos.map((name, photo) => [name, photo]));
  for (const row of rows.photos) {
    const found = fromPhotoRow(row);
    const photo = found && photos.get(found.name);
    if (photo !== undefined && isSameFile(found?.record, stamps[photo])) state.records[photo] = found?.record;
  }
  const isKnown = (name: string): boolean => state.records[photos.get(name) ?? -1] !== undefined;
  restorePairs(plan, rows.scores, { state, isKnown });
  restoreVerifications(plan, rows.verifications, { state, isKnown });
  return state;
}

interface Target {
  readonly state: EvaluationState;
  readonly isKnown: (name: string) => boolean;
}

function restorePairs(
  plan: EvaluationPlan,
  rows: readonly (readonly string[])[],
  { state, isKnown }: Target,
): void {
  const places = new Map(plan.pairs.map((pair, index) => [keyOf(plan, [pair.probe, pair.reference]), index]));
  for (const [probe = '', reference = '', , similarity] of rows) {
    const index = places.get(formatCsvRow([probe, reference]));
    if (index !== undefined && isKnown(probe) && isKnown(reference))
      state.similarities[index] = readCell(similarity);
  }
}

function restoreVerifications(
  plan: EvaluationPlan,
  rows: readonly (readonly string[])[],
  { state, isKnown }: Target,
): void {
  const places = new Map(
    plan.verifications.map(({ reference, probes }, index) => [keyOf(plan, [reference, ...probes]), index]),
  );
  for (const row of rows) {
    const names = row.slice(0, 4);
    const index = places.get(formatCsvRow(names));
    if (index !== undefined && names.every(isKnown))
      state.verifications[index] = [readCell(row[5]), readCell(row[6]), readCell(row[7])];
  }
}

function isSameFile(kept: FileStamp | undefined, present: FileStamp | undefined): boolean {
  return kept?.bytes === present?.bytes && kept?.modifiedMs === present?.modifiedMs;
}

/** An empty cell means that there is no similarity. */
function readCell(cell: string | undefined): number {
  return cell ? Number(cell) : Number.NaN;
}

function keyOf(plan: EvaluationPlan, photos: readonly number[]): string {
  return formatCsvRow(namesOf(plan, photos));
}

function namesOf(plan: EvaluationPlan, photos: readonly number[]): readonly string[] {
  return photos.map((photo) => plan.photos[photo] ?? '');
}
