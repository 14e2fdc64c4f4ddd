import type { z } from 'zod';

/** Parameters of a schema: the sentence about a value that it refuses. */
export interface Wording {
  readonly error: (issue: { readonly input?: unknown }) => string;
}

/** The sentence about a required value that is absent. */
export const IS_MISSING = 'is missing';

/** Returns the wording `is missing`, or `must be …, not …`. `expected`: a noun phrase. */
export function mustBe(expected: string): Wording {
  return {
    error: ({ input }) => (input === undefined ? IS_MISSING : `must be ${expected}, not ${nameOf(input)}`),
  };
}

/** Returns the wording of a text of 1 to `max` characters. `expected`: all that the field accepts. */
export function mustBeText(max: number, expected: string): Wording {
  return {
    error: (issue) => {
      const { input } = issue;
      if (typeof input !== 'string') return mustBe(expected).error(issue);
      return input === '' ? 'must not be empty' : `must have at most ${max} characters, not ${input.length}`;
    },
  };
}

/**
 * Returns the sentence about a refused value for schemas that have none of their own. Pass it to every parse whose errors
 * somebody reads: the sentences of the library are for programmers.
 */
export function explainIssue(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return mustBe(TYPE_NAMES[issue.expected] ?? 'of another type').error(issue);
    case 'invalid_value':
      return `must be ${listChoices(issue.values.map(String))}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${UNITS[issue.origin] ?? ''}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${UNITS[issue.origin] ?? ''}`;
    case 'unrecognized_keys':
      return `has unknown fields: ${issue.keys.join(', ')}`;
    case 'invalid_format':
      return issue.format === 'url'
        ? 'must be an absolute http or https URL'
        : 'does not have the required form';
    default:
      return 'has an invalid value';
  }
}

// British English has no comma before the last choice.
const CHOICES = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** Returns `a`, `a or b`, `a, b or c`. */
export function listChoices(choices: readonly string[]): string {
  return CHOICES.format(choices);
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const UNITS: Readonly<Record<string, string>> = { string: ' characters long', array: ' entries long' };

/** Returns the name of the type of a JSON value, or the number itself. Quotes numbers and nothing else: text can be private. */
function nameOf(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'empty text' : 'text';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'a number that large';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}
