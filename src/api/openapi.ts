import { createProblem } from '../shared/contract/problem.js';
import { ERROR_KINDS, type ErrorCode } from '../shared/errors.js';
import { COMPARISON_OPERATIONS, WEBHOOK_EXAMPLES } from './openapi/comparison-operations.js';
import { HEADERS, PARAMETERS } from './openapi/headers.js';
import { type AnswerSpec, type OperationSpec, TAGS } from './openapi/operation.js';
import { createSchemas, schemaPath } from './openapi/schemas.js';
import { SERVICE_OPERATIONS } from './openapi/service-operations.js';

const DESCRIPTION = `Answers one question: do these photos show the same person?

Three probes (\`front_image1..3\`) are compared with one reference (\`back_image\`). Each comparison gives a similarity,
the cosine of two embeddings; a probe matches when its similarity is at or above \`threshold\`, and the person is
\`matched\` when at least \`min_matches\` probes match.

Errors are RFC 9457 problems. Decide by \`code\`; [every code is explained here](/docs/errors).`;

/** Refusals that the way in adds to an operation's own. */
const ACCESS_ERRORS: Readonly<Record<OperationSpec['access'], readonly ErrorCode[]>> = {
  open: [],
  caller: ['unauthenticated', 'forbidden', 'rate_limited'],
  operator: ['unauthenticated', 'forbidden'],
};

const KEYS = [{ BearerKey: [] }, { HeaderKey: [] }] as const;
const SECURITY = {
  open: [],
  caller: [{}, ...KEYS],
  operator: KEYS,
} as const;

/** One operation as the document shows it. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly object[];
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Returns the OpenAPI 3.1 document of this version: the contract's schemas and the table of operations. */
export function createOpenApiDocument(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const spec of [...COMPARISON_OPERATIONS, ...SERVICE_OPERATIONS]) {
    paths[spec.path] = { ...paths[spec.path], [spec.method]: describeOperation(spec) };
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Face verification',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The service that served this document.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: { comparisonEnded: { post: describeWebhook() } },
    components: {
      schemas: createSchemas(),
      headers: HEADERS,
      parameters: PARAMETERS,
      securitySchemes: {
        BearerKey: { type: 'http', scheme: 'bearer', description: 'A key of API_KEYS or ADMIN_API_KEYS.' },
        HeaderKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same key.' },
      },
    },
  };
  return document;
}

function describeOperation(spec: OperationSpec): Operation {
  const answers = Object.entries(spec.answers).map(
    ([status, answer]) => [status, describeAnswer(answer)] as const,
  );
  const errors = [...ACCESS_ERRORS[spec.access], ...spec.errors];
  return {
    operationId: spec.id,
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.description ? { description: spec.description } : {}),
    security: SECURITY[spec.access],
    ...(spec.parameters
      ? { parameters: spec.parameters.map((name) => ({ $ref: `#/components/parameters/${name}` })) }
      : {}),
    ...(spec.body
      ? { requestBody: { required: true, content: jsonContent(spec.body.schema, spec.body.example) } }
      : {}),
    responses: Object.fromEntries([...answers, ...publicFactsOfs(errors)]),
  };
}

function describeAnswer({ description, schema, mediaType, headers = [], example }: AnswerSpec): object {
  const content = schema
    ? jsonContent(schema, example)
    : mediaType && {
        [mediaType]: { schema: { type: mediaType === 'application/json' ? 'object' : 'string' } },
      };
  return { description, headers: refersTo([...headers, 'X-Request-Id']), ...(content ? { content } : {}) };
}

/** One response a status, with every code that has it. */
function publicFactsOfs(codes: readonly ErrorCode[]): [string, object][] {
  const statuses = [...new Set(codes.map((code) => ERROR_KINDS[code].status))].sort();
  return statuses.map((status) => {
    const ofStatus = codes.filter((code) => ERROR_KINDS[code].status === status);
    const examples = Object.fromEntries(ofStatus.map((code) => [code, { value: createProblem(code) }]));
    const headers: (keyof typeof HEADERS)[] = status === 429 || status === 503 ? ['Retry-After'] : [];
    return [
      String(status),
      {
        description: ofStatus.map((code) => `\`${code}\``).join(', '),
        headers: refersTo([...headers, 'X-Request-Id']),
        content: { 'application/problem+json': { schema: { $ref: schemaPath('Problem') }, examples } },
      },
    ];
  });
}

function describeWebhook(): object {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    required: true,
    description,
    schema: { type: 'string' },
  });
  return {
    operationId: 'receiveComparison',
    tags: ['Jobs'],
    summary: 'A job has ended',
    description:
      'Sent as Standard Webhooks 1.0 asks, again and again for about a day until it is taken. Each tenant’s are signed ' +
      'with a secret of its own. Check the signature, then that `tenant` is yours and `data.job_id` is a job that you ' +
      'submitted; ignore anything else.',
    security: [],
    parameters: [
      header('webhook-id', 'The same for every try of one delivery: use it to drop repetitions.'),
      header('webhook-timestamp', 'Seconds since 1970 of this try.'),
      header(
        'webhook-signature',
        '`v1,` and the base64 HMAC-SHA256 of id, timestamp and body; one for each secret of the tenant.',
      ),
    ],
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: { $ref: schemaPath('Webhook') }, examples: WEBHOOK_EXAMPLES },
      },
    },
    responses: {
      '2XX': { description: 'Taken; it is not sent again.' },
      '410': { description: 'Never send this one again.' },
      '4XX': {
        description: 'Sent again later, as any other answer; 429 and 503 may say when with Retry-After.',
      },
    },
  };
}

function jsonContent(schema: string, example: unknown): object {
  return {
    'application/json': {
      schema: { $ref: schemaPath(schema) },
      ...(example === undefined ? {} : { example }),
    },
  };
}

function refersTo(headers: readonly (keyof typeof HEADERS)[]): object {
  return Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
