import { compareRequestSchema } from '../../shared/contract/compare-request.js';
import type { ProblemItem } from '../../shared/contract/problem.js';

const FIELDS = Object.keys(compareRequestSchema.shape).map((name) => ({ name, form: formOf(name) }));

/** Names that a response repeats: a request can have thousands of them. */
const MAX_NAMES = 10;
const MAX_NAME_LENGTH = 64;

export interface UnknownFields {
  /** One refusal for each field that resembles a known one. */
  readonly misspelt: readonly ProblemItem[];
  /** The known fields that these resemble. */
  readonly meant: ReadonlySet<string>;
  /** Names of the first few others, shortened. They are ignored. */
  readonly ignored: readonly string[];
}

/** Sorts the fields of a body that the contract does not know. A misspelt threshold must not be ignored. */
export function findUnknownFields(body: unknown): UnknownFields {
  const misspelt: ProblemItem[] = [];
  const meantFields = new Set<string>();
  const ignored: string[] = [];
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const sent = new Set(isObject ? Object.keys(body) : []);
  for (const field of sent) {
    if (Object.hasOwn(compareRequestSchema.shape, field)) continue;
    const meant = findMeant(field, sent);
    if (meant) {
      meantFields.add(meant);
      misspelt.push({ field, code: 'unknown_field', detail: `does not exist; did you mean ${meant}?` });
    } else if (ignored.length < MAX_NAMES) ignored.push(field.slice(0, MAX_NAME_LENGTH));
  }
  return { misspelt, meant: meantFields, ignored };
}

/**
 * Returns the known field that `field` stands for: one that differs in case and punctuation alone, or resembles a field
 * that the body lacks. Beside `user_id`, a `user_ip` is a field of its own.
 */
function findMeant(field: string, sent: ReadonlySet<string>): string | undefined {
  const form = formOf(field);
  const found =
    FIELDS.find((known) => known.form === form) ??
    FIELDS.find((known) => !sent.has(known.name) && resembles(form, known.form));
  return found?.name;
}

/** `front-image1`, `FrontImage1` and `front_image1` have one form. */
function formOf(field: string): string {
  return field.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** True if few typing errors lead from one form to the other: one, or one for every four letters. The first is right. */
function resembles(form: string, known: string): boolean {
  if (form[0] !== known[0]) return false;
  const errors = Math.max(1, Math.floor(known.length / 4));
  // `front_image4` is another photo and not a misspelt `front_image1`.
  if (Math.abs(form.length - known.length) > errors || digitsOf(form) !== digitsOf(known)) return false;
  return countTypingErrors(form, known) <= errors;
}

function digitsOf(form: string): string {
  return form.replace(/\D/g, '');
}

/** Letters to insert, delete, replace or swap with the next one (optimal string alignment distance). */
function countTypingErrors(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1];
      const isSwapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current[column] = Math.min(
        (current[column - 1] ?? 0) + 1,
        (last[column] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
