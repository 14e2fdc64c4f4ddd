import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { formatCsvRow, parseCsv } from '../../csv.js';
import { EXIT } from '../../exit-codes.js';
import { UserError } from '../../user-error.js';

/**
 * Columns of a results file. `matched`: true, false or empty; then `code` says why. `retryable`: true if the row runs again
 * when the batch continues. `row_id`: digest of the row. `batch_id`: part of the Idempotency-Keys of its requests.
 */
export const RESULT_COLUMNS = [
  'row',
  'ref',
  'user_id',
  'matched',
  'borderline',
  'code',
  'reason',
  'image',
  'detail',
  'retryable',
  'similarity1',
  'similarity2',
  'similarity3',
  'finished_at',
  'row_id',
  'batch_id',
] as const;
export type ResultRow = Readonly<Record<(typeof RESULT_COLUMNS)[number], string>>;

/** The results of a batch on disk: one line for each answer. An interrupted batch continues where it ended. */
export interface ResultsFile {
  readonly batchId: string;
  /** The last line of each row, by its id. */
  readonly answers: ReadonlyMap<string, ResultRow>;
  append(row: ResultRow): void;
  /** Puts the lines in the order of these ids, one for each. */
  sort(ids: readonly string[]): void;
  close(): void;
}

/**
 * Opens a results file, or creates it. `restart`: forgets the answers of an earlier run.
 * @throws UserError if the file holds something else, or answers to rows that are not among `ids`.
 */
export function openResultsFile(
  path: string,
  { ids, restart }: { readonly ids: readonly string[]; readonly restart: boolean },
): ResultsFile {
  if (restart) rmSync(path, { force: true });
  const earlier = existsSync(path) ? readEarlier(path, ids) : [];
  const answers = new Map(earlier.map((row) => [row.row_id, row]));
  // A new one for each file: keys of an earlier run would bring back its answers.
  const batchId = earlier.at(-1)?.batch_id ?? randomUUID();
  if (earlier.length === 0) writeFileSync(path, formatCsvRow(RESULT_COLUMNS));
  const file = openSync(path, 'a');
  return {
    batchId,
    answers,
    append: (row) => {
      answers.set(row.row_id, row);
      // One write: a line is there as a whole, or not at all.
      writeSync(file, formatRow(row));
    },
    sort: (order) => {
      const rows = order.flatMap((id) => answers.get(id) ?? []);
      writeFileSync(`${path}.new`, [formatCsvRow(RESULT_COLUMNS), ...rows.map(formatRow)].join(''));
      renameSync(`${path}.new`, path);
    },
    close: () => closeSync(file),
  };
}

function formatRow(row: ResultRow): string {
  return formatCsvRow(RESULT_COLUMNS.map((column) => row[column]));
}

function readEarlier(path: string, ids: readonly string[]): readonly ResultRow[] {
  const bytes = readFileSync(path);
  // The line that was being written when the machine failed. No cell contains a line break.
  const end = bytes.lastIndexOf('\n') + 1;
  const { header, rows } = parseCsv(String(bytes.subarray(0, end)));
  if (end > 0 && header.join() !== RESULT_COLUMNS.join())
    throw refusal(`${path} is not a results file of this command.`);
  if (end < bytes.length) truncateSync(path, end);
  const results = rows.map(
    // Each row has as many cells as the header.
    (cells) =>
      Object.fromEntries(RESULT_COLUMNS.map((column, index) => [column, cells[index] ?? ''])) as ResultRow,
  );
  const known = new Set(ids);
  if (results.some((row) => !known.has(row.row_id)))
    throw refusal(`${path} has answers to other rows, or to other thresholds.`);
  return results;
}

function refusal(problem: string): UserError {
  return new UserError(`${problem} Name another file with --out, or start over with --restart.`, {
    exitCode: EXIT.data,
  });
}
