import { describe, expect, it } from 'vitest';
import { createOpenApiDocument } from '../../../src/api/openapi.js';
import { ERROR_CODES, ERROR_KINDS } from '../../../src/shared/errors.js';

const document = createOpenApiDocument('1.2.3');
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

  it('refers only to components that are there', () => {
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '');

    const missing = references.filter((path) => !find(document, path.split('/')));

    expect(references.length).toBeGreaterThan(50);
    expect(missing).toEqual([]);
  });

  it('leaves answers open for fields to come', () => {
    expect(text).not.toContain('"additionalProperties":false');
  });

  it('gives min_matches as the two integers that are allowed', () => {
    expect(document.components.schemas).toMatchObject({
      CompareRequest: { properties: { min_matches: { type: 'integer', enum: [2, 3] } } },
    });
  });

  it('requires of a request what the contract requires', () => {
    expect(document.components.schemas).toMatchObject({
      CompareRequest: { required: ['user_id', 'front_image1', 'front_image2', 'front_image3', 'back_image'] },
    });
  });

  it('asks for an operator’s key where nobody else is let in', () => {
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
