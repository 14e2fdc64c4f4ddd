import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { decimalNumber, wholeNumber } from '../../../shared/config/number-text.js';
import { IMAGE_NAMES, userIdSchema } from '../../../shared/contract/compare-request.js';
import { explainIssue } from '../../../shared/explain-issue.js';
import { formOf } from '../../../shared/resembles.js';
import { parseCsv } from '../../csv.js';
import { EXIT } from '../../exit-codes.js';
import { readNamedFile } from '../../read-named-file.js';
import { findMeant } from '../../refuse-unknown.js';
import { UserError } from '../../user-error.js';
import type { ComparisonFields } from '../options.js';
import { isUrl } from '../read-photo.js';

/** A row of the CSV file. */
export interface Person {
  /** The header is row 1. */
  readonly row: number;
  /** The caller's own name of the row. */
  readonly ref: string;
  readonly fields: ComparisonFields;
  /** URLs and absolute paths, in the order of IMAGE_NAMES. */
  readonly photos: readonly string[];
  /** Digest of all that the row asks, and of how many equal rows stand above it. Hex. */
  readonly id: string;
}

const REQUIRED = ['user_id', ...IMAGE_NAMES] as const;
const COLUMNS = [...REQUIRED, 'threshold', 'fmr', 'min_matches', 'ref'] as const;
/** Problems that are listed. */
const MAX_LISTED = 10;

const plainText = z
  .string()
  .max(128)
  .refine((text) => !/\p{Cc}/u.test(text), 'must not contain line breaks or other control characters');
const rowSchema = z.object({
  user_id: plainText.refine((id) => userIdSchema.safeParse(id).success, 'cannot be the id of a person'),
  ref: plainText.default(''),
  threshold: decimalNumber(0, 1).optional(),
  fmr: decimalNumber(0, 1).optional(),
  min_matches: wholeNumber(2, 3).optional(),
  ...Object.fromEntries(IMAGE_NAMES.map((name) => [name, z.string()])),
});

/**
 * Reads the people of a CSV file. Paths are relative to that file. `defaults`: the fields of rows that do not set them.
 * @throws UserError that lists the wrong rows, unknown columns that resemble a known one, and photos that do not exist.
 */
export async function readPeople(path: string, defaults: ComparisonFields): Promise<readonly Person[]> {
  const { header, rows } = parseCsv(String(await readNamedFile(path)));
  checkHeader(header);
  if (rows.length === 0) throw refusal([`${path} has no rows.`]);
  const seen = new Map<string, number>();
  const problems: string[] = [];
  const people = rows.flatMap((cells, index) => {
    const row = index + 2;
    const given = namedCells(header, cells);
    const person = readRow(given, defaults, dirname(path));
    if (!Array.isArray(person)) return [{ row, ...person, id: digestOf(person, seen) }];
    problems.push(...person.map((problem) => `Row ${row}: ${problem}`));
    return [];
  });
  if (problems.length > 0) throw refusal(problems);
  return people;
}

/** Returns the cells that are not empty, by their columns. */
function namedCells(header: readonly string[], cells: readonly string[]): Readonly<Record<string, string>> {
  const named = header.map((name, column) => [name, cells[column]?.trim() ?? ''] as const);
  return Object.fromEntries(named.filter(([, cell]) => cell !== ''));
}

type ReadPerson = Omit<Person, 'row' | 'id'>;

function readRow(
  given: Readonly<Record<string, string>>,
  defaults: ComparisonFields,
  folder: string,
): ReadPerson | string[] {
  const parsed = rowSchema.safeParse(given, { error: explainIssue });
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  const { user_id, ref, threshold, fmr, min_matches } = parsed.data;
  if (threshold !== undefined && fmr !== undefined) return ['fmr cannot be combined with threshold'];
  const { threshold: _threshold, fmr: _fmr, ...others } = defaults;
  const fields = {
    ...((threshold ?? fmr) ? others : defaults),
    user_id,
    ...(threshold === undefined ? {} : { threshold }),
    ...(fmr === undefined ? {} : { fmr }),
    ...(min_matches === undefined ? {} : { min_matches }),
  };
  const photos = IMAGE_NAMES.map((name) => locate(given[name] ?? '', folder));
  const missing = IMAGE_NAMES.filter((_, index) => !exists(photos[index] ?? ''));
  if (missing.length > 0) return missing.map((name) => `${name} does not exist: ${given[name]}`);
  return { ref, fields, photos };
}

function locate(photo: string, folder: string): string {
  return isUrl(photo) ? photo : resolve(folder, photo);
}

function exists(photo: string): boolean {
  return isUrl(photo) || statSync(photo, { throwIfNoEntry: false })?.isFile() === true;
}

/** Evidence does not change an answer, so it is not part of the digest. */
function digestOf({ ref, fields, photos }: ReadPerson, seen: Map<string, number>): string {
  const { user_id, threshold, fmr, min_matches } = fields;
  const text = JSON.stringify([ref, user_id, threshold, fmr, min_matches, photos]);
  const earlier = seen.get(text) ?? 0;
  seen.set(text, earlier + 1);
  return createHash('sha256').update(`${earlier}${text}`).digest('hex').slice(0, 32);
}

function checkHeader(header: readonly string[]): void {
  const problems = REQUIRED.filter((name) => !header.includes(name)).map((name) => {
    const meant = header.find((other) => formOf(other) === formOf(name));
    return `The column ${name} is missing.${meant ? ` There is ${JSON.stringify(meant)}.` : ''}`;
  });
  const unknown = header.filter((name) => !(COLUMNS as readonly string[]).includes(name));
  const absent = COLUMNS.filter((name) => !header.includes(name));
  for (const name of unknown) {
    const meant = findMeant(name, absent);
    if (meant && !problems.some((problem) => problem.includes(` ${meant} `)))
      problems.push(`There is no column ${JSON.stringify(name)}. Did you mean ${meant}?`);
  }
  const twice = header.find((name, index) => header.indexOf(name) !== index && name !== '');
  if (twice !== undefined) problems.push(`The column ${JSON.stringify(twice)} is there twice.`);
  if (problems.length > 0) throw refusal(problems);
}

function refusal(problems: readonly string[]): UserError {
  const more = problems.length - MAX_LISTED;
  const listed = [...problems.slice(0, MAX_LISTED), ...(more > 0 ? [`… and ${more} more`] : [])];
  return new UserError(listed.join('\n'), { exitCode: EXIT.data });
}
