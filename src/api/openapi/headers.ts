/** Headers of answers. */
export const HEADERS = {
  'X-Request-Id': {
    description: 'The id of this request in our logs: the one that was sent, or a new one.',
    schema: { type: 'string' },
  },
  Location: {
    description: 'Where the job can be read.',
    schema: { type: 'string', format: 'uri-reference' },
  },
  'Retry-After': {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer', minimum: 0 },
  },
  'Preference-Applied': {
    description: 'Which preference was followed (RFC 7240).',
    schema: { type: 'string' },
  },
} as const;

export type HeaderName = keyof typeof HEADERS;

/** Parameters by the name under which operations refer to them. */
export const PARAMETERS = {
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description:
      'An id of yours that comes back and stands in our logs: 1 to 128 ASCII letters, digits, `-`, `_` and `=`. ' +
      'Any other value is replaced by a new id.',
    schema: { type: 'string' },
  },
  TraceParent: {
    name: 'traceparent',
    in: 'header',
    description: 'W3C trace context, carried on through the queue to the worker.',
    schema: { type: 'string' },
  },
  PreferAsync: {
    name: 'Prefer',
    in: 'header',
    description: '`respond-async` answers at once with a job (RFC 7240).',
    schema: { type: 'string', examples: ['respond-async'] },
  },
  PreferWait: {
    name: 'Prefer',
    in: 'header',
    description:
      '`wait=N` holds the answer back until the job has ended, at most N seconds; N above 60 counts as 60.',
    schema: { type: 'string', examples: ['wait=20'] },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'The same key with the same body joins the same job; with another body it is refused. Visible ASCII characters.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
  },
  JobId: { name: 'id', in: 'path', required: true, description: 'The job_id.', schema: { type: 'string' } },
  WebhookId: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'The webhook-id of the delivery.',
    schema: { type: 'string' },
  },
  UserId: {
    name: 'user_id',
    in: 'path',
    required: true,
    description: 'The user_id that the comparisons were asked with.',
    schema: { type: 'string' },
  },
  Limit: {
    name: 'limit',
    in: 'query',
    description: 'How many to show.',
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
  },
  Cursor: {
    name: 'cursor',
    in: 'query',
    description: 'The next_cursor of the page before.',
    schema: { type: 'string' },
  },
} as const;

export type ParameterName = keyof typeof PARAMETERS;
