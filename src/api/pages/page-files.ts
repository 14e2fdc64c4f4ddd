import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Hono } from 'hono';
import type { AppContext } from '../http/app-context.js';
import { createStaticFile, type FileKind } from './static-file.js';

/** Folders beside this file, whose scripts and styles are served at `/assets/<name>`; the build copies them. */
const FOLDERS = ['demo', 'reference', 'theme'];
const ASSET = /\.(css|js|svg)$/;

/** Files of the package swagger-ui-dist, served at `/docs/<name>`. */
const REFERENCE_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js'];

/**
 * Returns the routes of the files that the pages load. All files are read now and held in memory, so no request path
 * ever reaches the file system.
 */
export function createPageFiles(): Hono<AppContext> {
  const files = new Hono<AppContext>();
  const serve = (path: string, body: Buffer): void => {
    const kind = ASSET.exec(path)?.[1] as FileKind | undefined;
    if (kind) files.get(path, createStaticFile(body, { kind }));
  };
  for (const folder of FOLDERS.map((name) => new URL(`${name}/`, import.meta.url)))
    for (const name of readdirSync(folder)) serve(`/assets/${name}`, readFileSync(new URL(name, folder)));
  const { resolve } = createRequire(import.meta.url);
  for (const name of REFERENCE_FILES)
    serve(`/docs/${name}`, readFileSync(resolve(`swagger-ui-dist/${name}`)));
  return files;
}
