import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context } from 'hono';
import type { AppContext } from '../http/app-context.js';

const compress = promisify(gzip);

const MEDIA_TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
} as const;

export type FileKind = keyof typeof MEDIA_TYPES;

export interface StaticFileOptions {
  readonly kind: FileKind;
  /** Content-Security-Policy. Default: the file can load and run nothing. */
  readonly policy?: string;
}

/** Answers with a file that does not change while the process runs. */
export type StaticFile = (context: Context<AppContext>) => Promise<Response>;

/**
 * Returns the handler of one file held in memory. It is compressed once, on the thread pool. Browsers check on every
 * request whether it has changed, so that an upgrade shows immediately; otherwise they get a 304.
 */
export function createStaticFile(body: string | Buffer, { kind, policy }: StaticFileOptions): StaticFile {
  const bytes = ownBytes(Buffer.from(body));
  const tag = `W/"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`;
  let compressed: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return async (context) => {
    context.header('content-security-policy', policy ?? "default-src 'none'");
    context.header('cache-control', 'no-cache');
    context.header('vary', 'accept-encoding', { append: true });
    context.header('etag', tag);
    if (namesTag(context.req.header('if-none-match'), tag)) return context.body(null, 304);
    context.header('content-type', MEDIA_TYPES[kind]);
    if (!/\bgzip\b/i.test(context.req.header('accept-encoding') ?? '')) return context.body(bytes);
    compressed ??= compress(bytes).then(ownBytes);
    context.header('content-encoding', 'gzip');
    return context.body(await compressed);
  };
}

/** If-None-Match is a list of tags or `*`, compared weakly (RFC 9110, 13.1.2). */
function namesTag(header: string | undefined, tag: string): boolean {
  const tags = (header ?? '').split(',').map((item) => item.trim());
  return tags.includes('*') || tags.includes(tag) || tags.includes(tag.slice(2));
}

/** Copies the bytes: a pooled Buffer shares its memory with others. */
function ownBytes(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
