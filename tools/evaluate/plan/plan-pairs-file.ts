import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type CsvTable, parseCsv } from '../../../src/cli/csv.js';
import { UserError } from '../../../src/cli/user-error.js';
import type { EvaluationPlan, PhotoPair, PlanLimits } from './evaluation-plan.js';
import { groupPhotos, joinPersons } from './join-persons.js';
import { planVerifications } from './plan-verifications.js';

/** Accepted column names in lower case; we write the first. */
const COLUMNS = {
  probe: ['file_x', 'probe', 'file1', 'image1', 'path1', 'a'],
  reference: ['file_y', 'reference', 'file2', 'image2', 'path2', 'b'],
  truth: ['decision', 'mated', 'same', 'is_same', 'label', 'match'],
  similarity: ['similarity', 'score', 'cosine'],
} as const;

const MATED = ['yes', 'true', '1', 'mated', 'same'];
const NON_MATED = ['no', 'false', '0', 'non-mated', 'non_mated', 'different'];

/** A plan and the similarities of its pairs, if the file has them. */
export interface PairsFile {
  readonly plan: EvaluationPlan;
  /** One for each pair; NaN if the file has none. */
  readonly similarities: Float64Array;
}

interface PairRow extends PhotoPair {
  readonly similarity: number;
}

/**
 * Reads pairs of photos from a CSV file with two file columns and a column that says if both show the same person. Paths
 * are relative to the file. Photos connected by mated pairs are one person.
 * @throws UserError that describes the first problem.
 */
export function readPairsFile(path: string, limits: PlanLimits): PairsFile {
  const { photos, rows } = readRows(parseCsv(readFileSync(path, 'utf8')));
  const pairs = new Map<string, PairRow>();
  for (const [index, row] of rows.entries()) addPair(pairs, row, index + 2);
  if (pairs.size === 0) throw new UserError(`${path} contains no pairs.`);
  const list = [...pairs.values()];
  return {
    plan: planOf(
      list.map(({ probe, reference, mated }) => ({ probe, reference, mated })),
      photos,
      { root: dirname(resolve(path)), limits },
    ),
    similarities: Float64Array.from(list, ({ similarity }) => similarity),
  };
}

function readRows(table: CsvTable): { photos: readonly string[]; rows: readonly PairRow[] } {
  const [probe, reference, truth] = (['probe', 'reference', 'truth'] as const).map((kind) =>
    requireColumn(table, kind),
  ) as [number, number, number];
  const similarity = findColumn(table, 'similarity');
  const photos = new Map<string, number>();
  const numberOf = (name: string, line: number): number => {
    if (name === '') throw new UserError(`Row ${line} names no file.`);
    const number = photos.get(name) ?? photos.size;
    photos.set(name, number);
    return number;
  };
  const rows = table.rows.map((row, index) => {
    const cell = (column: number): string => row[column]?.trim() ?? '';
    const line = index + 2;
    return {
      probe: numberOf(cell(probe), line),
      reference: numberOf(cell(reference), line),
      mated: readTruth(cell(truth), line),
      similarity: readSimilarity(cell(similarity), line),
    };
  });
  return { photos: [...photos.keys()], rows };
}

function planOf(
  pairs: readonly PhotoPair[],
  photos: readonly string[],
  { root, limits }: { readonly root: string; readonly limits: PlanLimits },
): EvaluationPlan {
  const personOf = joinPersons(pairs, photos.length);
  const persons = groupPhotos(personOf);
  const known = new Set(pairs.filter(({ mated }) => !mated).map(keyOf));
  const areOthers = (one: number, other: number): boolean =>
    known.has(keyOf({ probe: one, reference: other }));
  const contradictions = pairs.filter(
    ({ probe, reference, mated }) => !mated && personOf[probe] === personOf[reference],
  ).length;
  const note = `${contradictions} pairs are labelled as different people although other labels make them the same person. Check the labels.`;
  return {
    source: 'pairs',
    root,
    photos,
    pairs,
    persons: persons.length,
    personOf,
    verifications: planVerifications(persons, areOthers, limits),
    notes: contradictions > 0 ? [note] : [],
  };
}

function addPair(pairs: Map<string, PairRow>, pair: PairRow, line: number): void {
  if (pair.probe === pair.reference) throw new UserError(`Row ${line} pairs a photo with itself.`);
  const known = pairs.get(keyOf(pair));
  if (known && known.mated !== pair.mated)
    throw new UserError(`Row ${line} contradicts an earlier row with the same two photos.`);
  if (!known) pairs.set(keyOf(pair), pair);
}

/** Both orders of two photos are one pair. */
function keyOf({ probe, reference }: Pick<PhotoPair, 'probe' | 'reference'>): string {
  return `${Math.min(probe, reference)} ${Math.max(probe, reference)}`;
}

function requireColumn(table: CsvTable, kind: keyof typeof COLUMNS): number {
  const found = findColumn(table, kind);
  if (found >= 0) return found;
  throw new UserError(
    `The header (${table.header.join(', ')}) has no ${kind} column. Accepted names: ${COLUMNS[kind].join(', ')}.`,
  );
}

/** Returns the index of a column, or -1. */
function findColumn({ header }: CsvTable, kind: keyof typeof COLUMNS): number {
  const names: readonly string[] = COLUMNS[kind];
  return header.findIndex((name) => names.includes(name.toLowerCase()));
}

function readTruth(text: string, line: number): boolean {
  const word = text.toLowerCase();
  if (MATED.includes(word)) return true;
  if (NON_MATED.includes(word)) return false;
  throw new UserError(`Row ${line} has "${text}" instead of Yes or No.`);
}

function readSimilarity(text: string, line: number): number {
  if (text === '') return Number.NaN;
  const value = Number(text);
  if (value >= -1 && value <= 1) return value;
  throw new UserError(`Row ${line} has the similarity "${text}", which is not a number from -1 to 1.`);
}
