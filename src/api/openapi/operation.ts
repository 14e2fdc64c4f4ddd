import type { ErrorCode } from '../../shared/errors.js';
import type { HeaderName, ParameterName } from './headers.js';
import type { SchemaName } from './schemas.js';

/** The groups in which a reader finds the operations, in this order. */
export const TAGS = {
  Comparisons: 'Ask, and get the answer in the same breath.',
  Jobs: 'Ask now, read the answer later.',
  Privacy: 'Erase what is kept of a person.',
  Service: 'What answers here, and whether it does.',
  Operators: 'Deliveries that were given up. These need a key of ADMIN_API_KEYS.',
  Pages: 'For people.',
} as const;

/** A good answer of an operation. */
export interface AnswerSpec {
  readonly description: string;
  /** Absent: an answer without a body, or with another `mediaType`. */
  readonly schema?: SchemaName;
  /** Default: application/json where there is a schema. */
  readonly mediaType?: 'text/html' | 'text/plain' | 'application/json';
  readonly headers?: readonly HeaderName[];
  readonly example?: unknown;
}

/** One line of the table that the OpenAPI document is made of. */
export interface OperationSpec {
  readonly method: 'get' | 'post' | 'delete';
  /** With `{name}` for what varies. */
  readonly path: string;
  /** What generated clients call their method. */
  readonly id: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description?: string;
  /** `open`: no key. `caller`: a key of API_KEYS where there are any. `operator`: a key of ADMIN_API_KEYS, always. */
  readonly access: 'open' | 'caller' | 'operator';
  readonly parameters?: readonly ParameterName[];
  readonly body?: { readonly schema: SchemaName; readonly example: unknown };
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** What it can be refused with, beside what comes with `access`. */
  readonly errors: readonly ErrorCode[];
}
