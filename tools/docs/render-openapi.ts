import { readFileSync } from 'node:fs';
import { createOpenApiDocument } from '../../src/api/openapi/openapi-document.js';
import { OPERATIONS } from '../../src/api/operations.js';

/** Returns docs/openapi.json: what `GET /openapi.json` of this version answers. */
export function renderOpenApi(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return `${JSON.stringify(createOpenApiDocument(OPERATIONS, version), null, 2)}\n`;
}
