import type { z } from 'zod';
import { createProblem, problemSchema } from '../../shared/contract/problem.js';
import { ERROR_KINDS, type ErrorCode } from '../../shared/errors.js';
import {
  type Access,
  type Answer,
  type Operation,
  type RequestBody,
  TAGS,
} from '../operations/define-operation.js';
import { HEADERS, type HeaderName } from './components.js';
import { createSchemas, schemaReference } from './schemas.js';
import { describeBatchWebhook, describeWebhook } from './webhook.js';

/** Description of the API for its document and its page. Code is in backticks. */
export const API_DESCRIPTION = `Answers one question: do these photos show the same person?

Three probes (\`front_image1..3\`) are compared with one reference (\`back_image\`). Each comparison gives a similarity,
the cosine of two embeddings; a probe matches when its similarity is at or above \`threshold\`, and the person is
\`matched\` when at least \`min_matches\` probes match.

Errors are RFC 9457 problems. Decide by \`code\`; [every code is explained here](/docs/errors).`;

/** Codes that follow from the access of an operation. */
const ACCESS_ERRORS: Readonly<Record<Access, readonly ErrorCode[]>> = {
  open: [],
  caller: ['unauthenticated', 'forbidden', 'rate_limited'],
  operator: ['unauthenticated', 'forbidden'],
  both: ['unauthenticated', 'forbidden', 'rate_limited'],
};

const KEYS = [{ BearerKey: [] }, { HeaderKey: [] }];
const SECURITY: Readonly<Record<Access, readonly object[]>> = {
  open: [],
  // Without API_KEYS no key is required.
  caller: [{}, ...KEYS],
  operator: KEYS,
  both: [{}, ...KEYS],
};

/** The answer to a Host header that is missing, repeated or invalid, before any other check. */
const BAD_HOST = { description: 'The `Host` header is not valid. The answer has no body.' };

/** An operation as the document shows it. */
interface DescribedOperation {
  readonly operationId: string;
  readonly description: string;
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, object>>;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Returns the OpenAPI 3.1 document of these operations. `version`: of the service. */
export function createOpenApiDocument(operations: readonly Operation[], version: string): OpenApiDocument {
  const paths: Record<string, Record<string, DescribedOperation>> = {};
  for (const operation of operations)
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describeOperation(operation) };
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Face verification',
      version,
      description: API_DESCRIPTION,
      contact: { name: 'The operator of this service' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The service that served this document.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: {
      comparisonEnded: { post: describeWebhook() },
      batchEnded: { post: describeBatchWebhook() },
    },
    components: {
      schemas: createSchemas(),
      headers: HEADERS,
      parameters: parametersOf(operations),
      securitySchemes: {
        BearerKey: { type: 'http', scheme: 'bearer', description: 'A key of API_KEYS or ADMIN_API_KEYS.' },
        HeaderKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same key.' },
      },
    },
  };
  return document;
}

function parametersOf(operations: readonly Operation[]): Readonly<Record<string, object>> {
  const parameters = operations.flatMap((operation) => operation.parameters ?? []);
  return Object.fromEntries(parameters.map(({ id, ...parameter }) => [id, parameter]));
}

function describeOperation(operation: Operation): DescribedOperation {
  const { id, tag, summary, description, access, parameters, body } = operation;
  const answers = Object.entries(operation.answers).map(
    ([status, answer]) => [status, describeAnswer(answer)] as const,
  );
  const problems = describeProblems(errorsOf(operation));
  const described = {
    operationId: id,
    tags: [tag],
    summary,
    description,
    security: SECURITY[access],
    ...(parameters
      ? { parameters: parameters.map((parameter) => ({ $ref: `#/components/parameters/${parameter.id}` })) }
      : {}),
    ...(body ? { requestBody: { required: true, content: bodyContent(body) } } : {}),
    responses: Object.fromEntries([
      ...answers,
      ...(access === 'open' ? [['400', BAD_HOST]] : []),
      ...problems,
    ]),
  };
  return described;
}

/** Returns the codes of all problems that an operation can answer with. */
export function errorsOf({ access, errors }: Operation): readonly ErrorCode[] {
  return [...ACCESS_ERRORS[access], ...errors];
}

function describeAnswer({ description, schema, mediaType, headers = [], example, links }: Answer): object {
  const content = schema
    ? jsonContent(schema, example)
    : mediaType && {
        [mediaType]: {
          schema: { type: mediaType === 'application/json' ? 'object' : 'string' },
          ...(example === undefined ? {} : { example }),
        },
      };
  return {
    description,
    headers: headerReferences([...headers, 'X-Request-Id']),
    ...(content ? { content } : {}),
    ...(links ? { links } : {}),
  };
}

/** One response for each status, with an example of every code that has it. */
function describeProblems(codes: readonly ErrorCode[]): [string, object][] {
  const statuses = [...new Set(codes.map((code) => ERROR_KINDS[code].status))].sort();
  return statuses.map((status) => {
    const ofStatus = codes.filter((code) => ERROR_KINDS[code].status === status);
    const examples = Object.fromEntries(ofStatus.map((code) => [code, { value: createProblem(code) }]));
    const headers: HeaderName[] = [429, 502, 503].includes(status) ? ['Retry-After'] : [];
    return [
      String(status),
      {
        description: ofStatus.map((code) => `\`${code}\``).join(', '),
        headers: headerReferences([...headers, 'X-Request-Id']),
        content: { 'application/problem+json': { schema: schemaReference(problemSchema), examples } },
      },
    ];
  });
}

function jsonContent(schema: z.ZodType, example: unknown): object {
  const content = { schema: schemaReference(schema), ...(example === undefined ? {} : { example }) };
  return { 'application/json': content };
}

function bodyContent({ schema, example, form, ndjson }: RequestBody): object {
  const multipart = form && { schema: schemaReference(form.schema), example: form.example };
  const lines = ndjson && { schema: { type: 'string' }, example: ndjson };
  return {
    ...jsonContent(schema, example),
    ...(multipart ? { 'multipart/form-data': multipart } : {}),
    ...(lines ? { 'application/x-ndjson': lines } : {}),
  };
}

function headerReferences(names: readonly HeaderName[]): object {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
