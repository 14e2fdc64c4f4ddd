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
