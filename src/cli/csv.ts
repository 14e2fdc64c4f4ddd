import { CsvError, parse } from 'csv-parse/sync';
import { UserError } from './user-error.js';

/** A CSV table: every row has as many cells as the header. */
export interface CsvTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const SEPARATORS = [',', ';', '\t'] as const;

/**
 * Parses a CSV table. The separator is the most frequent one of comma, semicolon and tab in the header line. Quoted cells
 * can contain separators, line ends and doubled quotes. Empty lines are skipped.
 * @throws UserError with the number of the first row of the wrong length or with a misplaced quote.
 * @see RFC 4180
 */
export function parseCsv(text: string): CsvTable {
  const bare = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const [header = [], ...rows] = splitRows(bare, findSeparator(bare));
  for (const [index, row] of rows.entries()) {
    if (row.length === header.length) continue;
    throw new UserError(`Row ${index + 2} has ${row.length} cells; the header has ${header.length}.`);
  }
  return { header: header.map((name) => name.trim()), rows };
}

/** Formats one line of comma-separated cells with its line end. Quotes cells only if necessary. */
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

function splitRows(text: string, delimiter: string): string[][] {
  try {
    return parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
      relax_column_count: true,
    });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new UserError(`Row ${Number(cause.records) + 1} has a misplaced quote.`, { cause });
  }
}
