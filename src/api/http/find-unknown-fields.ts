import { compareRequestSchema } from '../../shared/contract/compare-request.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { formOf, resembles } from '../../shared/resembles.js';

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
      misspelt.push({
        field: field.slice(0, MAX_NAME_LENGTH),
        code: 'unknown_field',
        detail: `does not exist; did you mean ${meant}?`,
      });
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
