import { UserError } from '../../../src/cli/user-error.js';

/** A table of a CSV file: every row has as many cells as the header. */
export interface CsvTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const SEPARATORS = [',', ';', '\t'] as const;

/**
 * Returns the table in `text`, its header apart. The separator is the one of comma, semicolon and tab that the header
 * line holds most of. Quoted cells may hold separators, line ends and doubled quotes; empty lines are skipped.
 * @throws UserError with the number of the first row that is too short or too long.
 * @see RFC 4180
 */
export function parseCsv(text: string): CsvTable {
  const bare = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const [header = [], ...rows] = splitRows(bare, findSeparator(bare));
  for (const [index, row] of rows.entries()) {
    if (row.length === header.length) continue;
    throw new UserError(`Row ${index + 2} has ${row.length} cells where the header has ${header.length}.`);
  }
  return { header: header.map((name) => name.trim()), rows };
}

/** Returns one line of comma-separated cells with its line end; cells are quoted where they must be. */
export function formatCsvRow(cells: readonly (string | number)[]): string {
  return `${cells.map(formatCell).join(',')}\n`;
}

function formatCell(cell: string | number): string {
  const text = String(cell);
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function findSeparator(text: string): string {
  const header = text.slice(0, Math.max(0, text.search(/\r?\n|$/)));
  const countOf = (separator: string): number => header.split(separator).length;
  return SEPARATORS.reduce((best, separator) => (countOf(separator) > countOf(best) ? separator : best));
}

function splitRows(text: string, separator: string): string[][] {
  // A cell with its end: quoted, or anything up to a separator or line end.
  const escaped = separator === '\t' ? '\\t' : separator;
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|((?!")[^${escaped}\\r\\n]*))(${escaped}|\\r?\\n|\\r|$)`, 'gy');
  const rows: string[][] = [];
  let row: string[] = [];
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    if (!found) throw new UserError(`Row ${rows.length + 1} has a quote in a wrong place.`);
    row.push(found[1] === undefined ? (found[2] ?? '') : found[1].replaceAll('""', '"'));
    if (found[3] === separator && cell.lastIndex === text.length) row.push('');
    if (found[3] === separator && cell.lastIndex < text.length) continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}
