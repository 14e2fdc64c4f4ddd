import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Hono } from 'hono';
import type { AppContext } from '../http/app-context.js';
import { createOpenApiDocument } from '../openapi.js';
import { renderErrorPage } from '../pages/error-page.js';
import { createStaticFile, type FileKind, type StaticFile } from '../pages/static-file.js';

/** Files of the folders of `../pages`, served at `/assets/<name>`. Nothing else of them can be asked for. */
const ASSETS = {
  demo: [
    'client.js',
    'create-element.js',
    'demo.js',
    'describe-warning.js',
    'form.css',
    'photo-card.js',
    'photo.css',
    'photo.js',
    'request.js',
    'result-view.js',
    'result.css',
    'service-facts.js',
    'verdict.js',
  ],
  reference: ['docs.js'],
  theme: ['icon.svg', 'page.css'],
} as const;

/** Files of the package swagger-ui-dist, served at `/docs/<name>`. */
const REFERENCE_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;

const CLOSED =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** The demo shows the photos that are compared, wherever they lie. */
const DEMO_POLICY = `${CLOSED}; img-src 'self' http: https: data:`;
/** Swagger UI keeps its icons in its style sheet as data. */
const DOCS_POLICY = `${CLOSED}; img-src 'self' data:`;

/**
 * Returns what a person and a client generator see: `/`, `/docs`, `/docs/errors`, `/openapi.json` and the files they
 * need. All are read now and held in memory, so no path of a request ever reaches the file system.
 */
export function createPages(): Hono<AppContext> {
  const pages = new Hono<AppContext>()
    .get('/', readPage('demo/index.html', DEMO_POLICY))
    .get('/docs', readPage('reference/docs.html', DOCS_POLICY))
    .get('/docs/errors', createStaticFile(renderErrorPage(), { kind: 'html', policy: DOCS_POLICY }))
    .get('/openapi.json', createStaticFile(renderOpenApi(), { kind: 'json' }));
  for (const [folder, names] of Object.entries(ASSETS))
    for (const name of names) pages.get(`/assets/${name}`, readPage(`${folder}/${name}`));
  const { resolve } = createRequire(import.meta.url);
  for (const name of REFERENCE_FILES) {
    const path = resolve(`swagger-ui-dist/${name}`);
    pages.get(`/docs/${name}`, createStaticFile(readFileSync(path), { kind: kindOf(name) }));
  }
  return pages;
}

/** The build copies the folder beside the compiled files, so it lies at the same place in src and in dist. */
function readPage(name: string, policy?: string): StaticFile {
  const body = readFileSync(new URL(`../pages/${name}`, import.meta.url));
  return createStaticFile(body, { kind: kindOf(name), ...(policy ? { policy } : {}) });
}

function renderOpenApi(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return JSON.stringify(createOpenApiDocument(version));
}

function kindOf(name: string): FileKind {
  const kind = name.slice(name.lastIndexOf('.') + 1);
  switch (kind) {
    case 'html':
    case 'css':
    case 'js':
    case 'svg':
      return kind;
    default:
      throw new Error(`this is a bug: ${name} is of no kind that is served`);
  }
}
