import { readdirSync, readFileSync } from 'node:fs';
import { Hono } from 'hono';
import type { AppContext } from '../http/app-context.js';
import { createStaticFile, type FileKind } from './static-file.js';

/** Folders beside this file, whose scripts and styles are served below `/assets/`; the build copies them. */
const FOLDERS = ['demo', 'theme'];
const ASSET = /\.(css|js|svg)$/;

/**
 * Returns the routes of the files that the pages load. All files are read now and held in memory, so no request path
 * ever reaches the file system.
 */
export function createPageFiles(): Hono<AppContext> {
  const files = new Hono<AppContext>();
  for (const folder of FOLDERS.map((name) => new URL(`${name}/`, import.meta.url))) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const kind = ASSET.exec(name)?.[1] as FileKind | undefined;
      if (kind) files.get(`/assets/${name}`, createStaticFile(readFileSync(new URL(name, folder)), { kind }));
    }
  }
  return files;
}
