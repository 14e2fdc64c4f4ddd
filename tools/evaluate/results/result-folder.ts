import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { formatCsvRow, parseCsv } from '../../../src/cli/csv.js';
import { UserError } from '../../../src/cli/user-error.js';
import type { EvaluationState } from '../measure/evaluation-state.js';
import type { EvaluationPlan } from '../plan/evaluation-plan.js';
import type { FileStamp } from './photo-record.js';
import { listRows, type Row, restoreState, TABLE_NAMES, TABLES, type TableName } from './result-tables.js';

// The text files of a running evaluation, in one folder:
//   run.json            models, photos and settings of the scores
//   photos.csv          one row per analysed photo: face box and quality, or why it could not be used
//   scores.csv          one row per scored pair
//   verifications.csv   one row per scored attempt of three probes
// Rows are appended. A killed run can leave half a row, so the complete rows are rewritten before more are appended.
// Embeddings are biometric data and stay in memory; a later run analyses photos again if it needs them.

/** An open folder of results. */
export interface ResultFolder {
  /** Appends a row to a table; the next flush writes it. */
  add(table: TableName, row: Row): void;
  /** Resolves when every row so far has been passed to the operating system. */
  flush(): Promise<void>;
  /** Flushes, then closes the files. */
  close(): Promise<void>;
}

/**
 * Reads the results of earlier runs of a plan in `folder`, and opens it for more. `identity`: everything that makes scores
 * comparable; `stamps`: the current state of each photo's file.
 * @throws UserError if the folder contains the scores of another run.
 */
export async function openResultFolder(
  folder: string,
  plan: EvaluationPlan,
  { identity, stamps }: { readonly identity: object; readonly stamps: readonly FileStamp[] },
): Promise<{ readonly results: ResultFolder; readonly state: EvaluationState }> {
  mkdirSync(folder, { recursive: true });
  requireSameRun(join(folder, 'run.json'), identity);
  const rows = {
    photos: readRows(folder, 'photos'),
    scores: readRows(folder, 'scores'),
    verifications: readRows(folder, 'verifications'),
  };
  const state = restoreState(plan, rows, stamps);
  const known = listRows(plan, state);
  const handles = new Map<TableName, FileHandle>();
  for (const table of TABLE_NAMES) {
    writeTable(folder, table, known[table]);
    handles.set(table, await open(join(folder, `${table}.csv`), 'a'));
  }
  return { results: createAppender(handles), state };
}

function createAppender(handles: ReadonlyMap<TableName, FileHandle>): ResultFolder {
  const pending = new Map<TableName, string>();
  let writing = Promise.resolve();
  const write = async (): Promise<void> => {
    const texts = [...pending];
    pending.clear();
    for (const [table, text] of texts) await handles.get(table)?.appendFile(text);
  };
  const flush = (): Promise<void> => {
    writing = writing.then(write);
    return writing;
  };
  return {
    add: (table, row) => void pending.set(table, (pending.get(table) ?? '') + formatCsvRow(row)),
    flush,
    close: async () => {
      await flush();
      for (const handle of handles.values()) await handle.close();
    },
  };
}

function requireSameRun(path: string, identity: object): void {
  const text = `${JSON.stringify(identity, null, 2)}\n`;
  if (!existsSync(path)) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text)
    throw new UserError(
      `According to ${path}, the folder contains scores of other models, photos or settings. Choose another --out, or delete the folder.`,
    );
}

/** Returns the complete rows of a table; a last line without a line end is dropped. */
function readRows(folder: string, table: TableName): readonly (readonly string[])[] {
  const path = join(folder, `${table}.csv`);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  return parseCsv(text.slice(0, text.lastIndexOf('\n') + 1)).rows;
}

/** Replaces a table atomically. */
function writeTable(folder: string, table: TableName, rows: readonly Row[]): void {
  const path = join(folder, `${table}.csv`);
  writeFileSync(`${path}.new`, [TABLES[table], ...rows].map(formatCsvRow).join(''));
  renameSync(`${path}.new`, path);
}
