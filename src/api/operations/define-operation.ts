import type { Handler } from 'hono';
import type { z } from 'zod';
import type { ErrorCode } from '../../shared/errors.js';
import type { AppContext } from '../http/app-context.js';
import type { HeaderName, Parameter } from '../openapi/components.js';

/** The groups in which a reader finds the operations, in this order. */
export const TAGS = {
  Comparisons: 'Ask and wait for the answer.',
  Jobs: 'Ask now, read the answer later.',
  Batches: 'Ask up to a thousand questions at once.',
  Privacy: 'Erase the data of a person.',
  Service: 'What the service runs and whether it is ready.',
  Operators: 'Webhooks that could not be delivered. These operations need a key from ADMIN_API_KEYS.',
  Pages: 'For people.',
} as const;

/**
 * Who can call an operation. `open`: anyone, without a key. `caller`: holders of a key from API_KEYS, or anyone if no
 * keys are set. `operator`: holders of a key from ADMIN_API_KEYS, always. `both`: either, and the operation decides what
 * each of them can do.
 */
export type Access = 'open' | 'caller' | 'operator' | 'both';

/** A successful answer of an operation. */
export interface Answer {
  readonly description: string;
  /** Schema of the JSON body. Its `id` is its name in the OpenAPI document. */
  readonly schema?: z.ZodType;
  /** Type of a body that has no schema. */
  readonly mediaType?: 'text/html' | 'application/json' | 'application/x-ndjson';
  readonly headers?: readonly HeaderName[];
  readonly example?: unknown;
  /** Possible next steps: operations by link name, with their path parameters as runtime expressions. */
  readonly links?: Readonly<Record<string, Link>>;
}

/** An operation that takes its parameters from an answer. */
export interface Link {
  readonly operationId: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Returns the link to an operation whose parameter `id` is at `pointer` of the answer, such as `/job_id`. */
export function linkTo(operationId: string, pointer: string, description: string): Link {
  return { operationId, description, parameters: { id: `$response.body#${pointer}` } };
}

/** The body of a request: JSON, and the same in another form. */
export interface RequestBody {
  readonly schema: z.ZodType;
  readonly example: unknown;
  /** Schema of the same body as multipart/form-data. */
  readonly form?: { readonly schema: z.ZodType; readonly example: unknown };
  /** Example of the same body as NDJSON. */
  readonly ndjson?: string;
}

/** One HTTP operation: route, access, documentation and handler. */
export interface Operation<Dependencies = never> {
  readonly method: 'get' | 'post' | 'delete';
  /** As in OpenAPI, with `{name}` for a variable segment. */
  readonly path: string;
  /** Method name in generated clients. */
  readonly id: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description: string;
  readonly access: Access;
  readonly parameters?: readonly Parameter[];
  readonly body?: RequestBody;
  /** True if the handler itself limits the size of its body. */
  readonly limitsBody?: boolean;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Codes of the problems it can answer with, beyond those that follow from `access`. */
  readonly errors: readonly ErrorCode[];
  /** Called once, when the app is created. */
  readonly createHandler: (deps: Dependencies) => Handler<AppContext>;
}

/** An operation as written in its file: `access` can be left out. */
export type OperationDefinition<Dependencies> = Omit<Operation<Dependencies>, 'access'> & {
  readonly access?: Access;
};

/** Completes the definition of an operation. Without `access`, it requires a caller's key. */
export function defineOperation<Dependencies = object>(
  definition: OperationDefinition<Dependencies>,
): Operation<Dependencies> {
  return { access: 'caller', ...definition };
}
