import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Hono } from 'hono';
import type { AppContext } from '../http/app-context.js';
import { createStaticFile, type FileKind, type StaticFile } from './static-file.js';

/** Files in the folders beside this one, served at `/assets/<name>`. No other file in them can be requested. */
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
/** The demo shows the compared photos, wherever they are hosted. */
export const DEMO_POLICY = `${CLOSED}; img-src 'self' http: https: data:`;
/** Swagger UI keeps its icons as data in its style sheet. */
export const DOCS_POLICY = `${CLOSED}; img-src 'self' data:`;

/**
 * Returns the routes of the files that the pages load. All files are read now and held in memory, so no request path
 * ever reaches the file system.
 */
export function createPageFiles(): Hono<AppContext> {
  const files = new Hono<AppContext>();
  for (const [folder, names] of Object.entries(ASSETS))
    for (const name of names) files.get(`/assets/${name}`, readPageFile(`${folder}/${name}`));
  const { resolve } = createRequire(import.meta.url);
  for (const name of REFERENCE_FILES) {
    const body = readFileSync(resolve(`swagger-ui-dist/${name}`));
    files.get(`/docs/${name}`, createStaticFile(body, { kind: kindOf(name) }));
  }
  return files;
}

/** Reads a file below this folder; the build copies these files next to the compiled ones. */
export function readPageFile(name: string, policy?: string): StaticFile {
  const body = readFileSync(new URL(name, import.meta.url));
  return createStaticFile(body, { kind: kindOf(name), ...(policy ? { policy } : {}) });
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
      throw new Error(`this is a bug: ${name} has no media type`);
  }
}
