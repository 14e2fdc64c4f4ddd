import { Hono } from 'hono';
import type { AppContext } from '../app-context.js';

/** Returns what a person and a client generator see: `/`, `/docs`, `/docs/errors`, `/openapi.json`. */
export function createPages(): Hono<AppContext> {
  return new Hono<AppContext>();
}
