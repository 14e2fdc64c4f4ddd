import { describe, expect, it } from 'vitest';
import { type AppDependencies, createApp } from '../../../src/api/app.js';
import { createOpenApiDocument } from '../../../src/api/openapi.js';
import { createPages } from '../../../src/api/operations/pages.js';
import { createWebhookRoutes } from '../../../src/api/operations/webhooks.js';

/** Files that pages load; they are no part of the contract. */
const PAGE_FILES = /^\/(assets|docs)\/.*\.(js|css|svg)$/;

describe('the OpenAPI document and the app', () => {
  it('know the same methods and paths', () => {
    const registered = createApp(dependencies())
      .routes.filter(({ method, path }) => method !== 'ALL' && !PAGE_FILES.test(path))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);

    const described = Object.entries(createOpenApiDocument('0.0.0').paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );

    expect(described.sort()).toEqual([...new Set(registered)].sort());
  });
});

/** Enough to register every route; none of them is called. */
function dependencies(): AppDependencies {
  const unused = {} as unknown as AppDependencies & Parameters<typeof createWebhookRoutes>[0];
  return {
    ...unused,
    apiKeys: [],
    adminKeys: [],
    corsOrigins: [],
    manifests: [],
    pages: createPages(),
    adminRoutes: createWebhookRoutes(unused),
  };
}
