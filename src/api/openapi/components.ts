/** Headers of answers. */
export const HEADERS = {
  'X-Request-Id': {
    description: 'The id of this request in our logs: the one that you sent, or a new one.',
    schema: { type: 'string' },
  },
  Location: {
    description: 'Where the job or batch can be read.',
    schema: { type: 'string', format: 'uri-reference' },
  },
  'Retry-After': {
    description: 'Seconds to wait before the next attempt.',
    schema: { type: 'integer', minimum: 0 },
  },
  'Idempotent-Replayed': {
    description: 'Present if the request joined an existing job or batch of its Idempotency-Key.',
    schema: { type: 'string', enum: ['true'] },
  },
  'Preference-Applied': {
    description: 'The preference that was applied (RFC 7240).',
    schema: { type: 'string' },
  },
} as const;

export type HeaderName = keyof typeof HEADERS;

/** A parameter of an operation. Those that only one operation has are defined in its file. */
export interface Parameter {
  /** Name of the component in the OpenAPI document. */
  readonly id: string;
  readonly name: string;
  readonly in: 'header' | 'path' | 'query';
  readonly required?: true;
  readonly description: string;
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
}

export const REQUEST_ID: Parameter = {
  id: 'RequestId',
  name: 'X-Request-Id',
  in: 'header',
  description:
    'Your id for this request, returned in the answer and written to our logs: 1 to 128 ASCII letters, digits, `-`, ' +
    '`_` and `=`. Any other value is replaced by a new id.',
  schema: { type: 'string' },
};

export const TRACE_PARENT: Parameter = {
  id: 'TraceParent',
  name: 'traceparent',
  in: 'header',
  description: 'W3C trace context, passed through the queue to the worker.',
  schema: { type: 'string' },
};

export const PREFER_ASYNC: Parameter = {
  id: 'PreferAsync',
  name: 'Prefer',
  in: 'header',
  description: '`respond-async` returns a job immediately (RFC 7240).',
  schema: { type: 'string', examples: ['respond-async'] },
};

export const PREFER_WAIT: Parameter = {
  id: 'PreferWait',
  name: 'Prefer',
  in: 'header',
  description:
    '`wait=N` delays the answer until the job or batch has ended, for at most N seconds; N above 60 counts as 60.',
  schema: { type: 'string', examples: ['wait=20'] },
};

const IDEMPOTENCY_KEY_SCHEMA = { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' } as const;

export const IDEMPOTENCY_KEY: Parameter = {
  id: 'IdempotencyKey',
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'A repeated key with the same body joins the job that it is bound to, and the answer has `Idempotent-Replayed`. A job ' +
    'that was cancelled or failed with `retryable: true` no longer binds the key: the request runs again as a new job. ' +
    'Another body is refused. Visible ASCII characters.',
  schema: IDEMPOTENCY_KEY_SCHEMA,
};

export const BATCH_KEY: Parameter = {
  id: 'BatchIdempotencyKey',
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'A repeated key with the same requests joins the batch that it is bound to, as long as that is kept, and the answer ' +
    'has `Idempotent-Replayed`. Other requests are refused. Visible ASCII characters.',
  schema: IDEMPOTENCY_KEY_SCHEMA,
};

export const CALLBACK_URL: Parameter = {
  id: 'CallbackUrl',
  name: 'Callback-Url',
  in: 'header',
  description:
    'Where `batch.completed` is posted once every job has ended; WEBHOOK_URL of the service by default. A header, because ' +
    'the addresses in a query end in the logs of proxies.',
  schema: { type: 'string', format: 'uri' },
};

export const BATCH_ID_PARAMETER: Parameter = {
  id: 'BatchId',
  name: 'id',
  in: 'path',
  required: true,
  description: 'The batch_id.',
  schema: { type: 'string' },
};

export const JOB_ID_PARAMETER: Parameter = {
  id: 'JobId',
  name: 'id',
  in: 'path',
  required: true,
  description: 'The job_id.',
  schema: { type: 'string' },
};
