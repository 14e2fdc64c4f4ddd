import { describe, expect, it } from 'vitest';
import { WEBHOOK_EXAMPLES } from '../../../../src/api/openapi/examples.js';
import { createOpenApiDocument } from '../../../../src/api/openapi/openapi-document.js';
import { OPERATIONS } from '../../../../src/api/operations.js';
import { webhookBodySchema } from '../../../../src/shared/contract/webhook-body.js';
import { ERROR_CODES, ERROR_KINDS } from '../../../../src/shared/errors.js';

const document = createOpenApiDocument(OPERATIONS, '1.2.3');
const text = JSON.stringify(document);
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

/** Codes that any path can answer with and that are therefore explained once, not at each operation. */
const EVERYWHERE = new Set(['not_found', 'method_not_allowed']);

describe('createOpenApiDocument', () => {
  it('names every operation once', () => {
    const ids = operations.map((operation) => operation.operationId);

    expect(new Set(ids).size).toBe(ids.length);
  });

  it('explains every error code at an operation that can answer with it, under its status', () => {
    const shown = operations.flatMap((operation) =>
      Object.entries(operation.responses).flatMap(([status, response]) =>
        ERROR_CODES.filter((code) => JSON.stringify(response).includes(`"code":"${code}"`)).map(
          (code) => [code, Number(status)] as const,
        ),
      ),
    );

    expect(new Set(shown.map(([code]) => code))).toEqual(
      new Set(ERROR_CODES.filter((code) => !EVERYWHERE.has(code))),
    );
    for (const [code, status] of shown)
      expect(`${code} ${status}`).toBe(`${code} ${ERROR_KINDS[code].status}`);
  });

  it('refers only to components that exist', () => {
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '');

    const missing = references.filter((path) => !find(document, path.split('/')));

    expect(references.length).toBeGreaterThan(50);
    expect(missing).toEqual([]);
  });

  it('shows only examples that fit their schema', () => {
    for (const { answers, body } of OPERATIONS)
      for (const { schema, example } of [...Object.values(answers), ...(body ? [body] : [])])
        if (example !== undefined) expect(schema?.safeParse(example).error).toBeUndefined();
    for (const { value } of Object.values(WEBHOOK_EXAMPLES))
      expect(webhookBodySchema.safeParse(value).error).toBeUndefined();
  });

  it('has forms that client generators understand', () => {
    expect(text).not.toMatch(/"prefixItems"|"items":(?:true|false)/);
    expect(document.components.schemas).toMatchObject({
      FaceEvidence: { properties: { landmarks: { items: { type: 'array', items: { type: 'number' } } } } },
    });
  });

  it('describes every operation and at least one error of it', () => {
    for (const { description, responses } of operations) {
      expect(description).toMatch(/\S/);
      expect(Object.keys(responses).some((status) => status.startsWith('4'))).toBe(true);
    }
  });

  it('leads from a new job to reading and cancelling it', () => {
    const parameters = { id: '$response.body#/job_id' };

    expect(document.paths['/jobs']?.post?.responses[202]).toMatchObject({
      links: {
        readJob: { operationId: 'getJob', parameters },
        cancelJob: { operationId: 'cancelJob', parameters },
      },
    });
  });

  it('links only to operations that exist', () => {
    const ids = new Set(operations.map((operation) => operation.operationId));
    const targets = [...text.matchAll(/"links":\{.*?"operationId":"(\w+)"/g)].map(([, id]) => id ?? '');

    expect(targets.length).toBeGreaterThan(2);
    expect(targets.filter((id) => !ids.has(id))).toEqual([]);
  });

  it('allows neither threshold with fmr nor a cursor that no page gave, as the service does', () => {
    const { not } = document.components.schemas.CompareRequest as { not: { required: string[] } };
    const { pattern } = JSON.parse(text).components.parameters.Cursor.schema;

    expect(not.required).toEqual(['threshold', 'fmr']);
    expect(['', 'x', '1_', '_webhook-1'].some((cursor) => new RegExp(pattern).test(cursor))).toBe(false);
    expect('1700000000000_webhook-1').toMatch(new RegExp(pattern));
  });

  it('leaves answers open for fields to come', () => {
    expect(text).not.toContain('"additionalProperties":false');
  });

  it('gives min_matches as the two integers that are allowed', () => {
    expect(document.components.schemas).toMatchObject({
      CompareRequest: { properties: { min_matches: { type: 'integer', enum: [2, 3] } } },
    });
  });

  it('requires the fields that the contract requires', () => {
    expect(document.components.schemas).toMatchObject({
      CompareRequest: { required: ['user_id', 'front_image1', 'front_image2', 'front_image3', 'back_image'] },
    });
  });

  it('requires an operator’s key where no other key is accepted', () => {
    const retry = document.paths['/webhooks/{id}/retry']?.post;

    expect(retry?.security).toEqual([{ BearerKey: [] }, { HeaderKey: [] }]);
  });
});

function find(node: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null
        ? Object.entries(inner).find(([name]) => name === key)?.[1]
        : undefined,
    node,
  );
}
