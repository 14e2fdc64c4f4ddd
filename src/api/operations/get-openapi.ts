import { readServiceVersion } from '../../shared/runtime/service-version.js';
import { createOpenApiDocument } from '../openapi/openapi-document.js';
import { createStaticFile } from '../pages/static-file.js';
import { defineOperation, type Operation } from './define-operation.js';

export interface GetOpenApiDependencies {
  /** Everything the document describes. */
  readonly operations: readonly Operation[];
}

export const getOpenApiOperation = defineOperation<GetOpenApiDependencies>({
  method: 'get',
  path: '/openapi.json',
  id: 'getOpenApi',
  tag: 'Service',
  summary: 'Read this document',
  description: 'The repository has it as `docs/openapi.json`.',
  access: 'open',
  answers: { 200: { description: 'OpenAPI 3.1.', mediaType: 'application/json' } },
  errors: [],
  createHandler: ({ operations }) => {
    const document = createOpenApiDocument(operations, readServiceVersion());
    return createStaticFile(JSON.stringify(document), { kind: 'json' });
  },
});
