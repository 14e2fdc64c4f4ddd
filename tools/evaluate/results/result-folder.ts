import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../src/cli/user-error.js';
import type { EvaluationState } from '../measure/evaluation-state.js';
import { formatCsvRow, parseCsv } from '../plan/csv.js';
import type { EvaluationPlan } from '../plan/evaluation-plan.js';
import type { FileStamp } from './photo-record.js';
import { listRows, type Row, restoreState, TABLE_NAMES, TABLES, type TableName } from './result-tables.js';

// What an evaluation keeps while it runs, all of it text in one folder:
//   run.json            which models, photos and settings the scores are of
//   photos.csv          one row a photo that was looked at: face box, quality, or why it could not be used
//   scores.csv          one row a pair that was scored
//   verifications.csv   one row an attempt of three probes that was scored
// Rows are appended. A killed run may leave half a row, so what is read is written anew before more is appended.
// Embeddings stay in memory: they are biometric data, and a photo that a later run still needs is analysed again.

/** An open folder of results. */
export interface ResultFolder {
  /** Adds a row to the end of a table; it is written by the next flush. */
  add(table: TableName, row: Row): void;
  /** Resolves when every row added so far is in the hands of the operating system. */
  flush(): Promise<void>;
  /** Flushes, then closes the files. */
  close(): Promise<void>;
}

/**
 * Reads what earlier runs in `folder` found of a plan, and opens it for more. `identity`: whatever makes scores
 * comparable; `stamps`: the present state of each photo's file.
 * @throws UserError when the folder holds the scores of another run.
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
      `By ${path}, the scores there are of other models, photos or settings. Choose another --out, or delete that folder.`,
    );
}

/** Returns the whole rows of a table; the last line counts only with its end. */
function readRows(folder: string, table: TableName): readonly (readonly string[])[] {
  const path = join(folder, `${table}.csv`);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  return parseCsv(text.slice(0, text.lastIndexOf('\n') + 1)).rows;
}

/** Puts a table in the old one's place in one step. */
function writeTable(folder: string, table: TableName, rows: readonly Row[]): void {
  const path = join(folder, `${table}.csv`);
  writeFileSync(`${path}.new`, [TABLES[table], ...rows].map(formatCsvRow).join(''));
  renameSync(`${path}.new`, path);
}
