import type { Dispatcher } from 'undici';
import { VerificationError } from '../../shared/errors.js';
import type { ByteClaim } from '../tenant-shares/byte-budget.js';
import { isCutOff } from './is-cut-off.js';

/** Initial buffer size if the host announces none, bytes: for most photos it grows only a few times. */
const FIRST_BYTES = 262_144;

/** Values of Content-Encoding that change nothing; stores repeat what was said at upload, such as `aws-chunked`. */
const PLAIN_CODINGS = new Set(
  ' identity aws-chunked binary none utf-8 utf8 us-ascii iso-8859-1 7bit 8bit'.split(' '),
);
/** Codings that an error can name; anything else is the host's own text. */
const KNOWN_CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'compress', 'x-compress']);

/** At least `bytes` in every `perMs` milliseconds. */
export interface LeastRate {
  readonly bytes: number;
  readonly perMs: number;
}

export interface ReadOptions {
  readonly maxBytes: number;
  /** Goes into the context of errors, for the log. */
  readonly host: string;
  readonly leastRate?: LeastRate;
  /** Reserves memory before the body is read. */
  readonly memory?: ByteClaim;
  /** Ends the wait for memory. */
  readonly signal: AbortSignal;
}

/**
 * Returns the body of a response as a copy of its own. A refused response stays unread; the caller destroys it.
 * @throws VerificationError `image_too_large` by Content-Length or while reading; `image_fetch_failed` (`too_slow`; `interrupted`
 * for a body that ends with the connection in the middle of an image); `image_unsupported` for a content encoding or an empty body. Errors of undici for an interrupted transfer pass through.
 */
export async function readImageBody(
  response: Dispatcher.ResponseData,
  options: ReadOptions,
): Promise<Uint8Array> {
  const { headers, body } = response;
  const { maxBytes, host, memory } = options;
  const coding = findCoding(String(headers['content-encoding'] ?? ''));
  if (coding !== undefined) {
    const name = KNOWN_CODINGS.has(coding) ? `the content encoding ${coding}` : 'an unknown content encoding';
    throw new VerificationError('image_unsupported', {
      detail: `The image host sent the image with ${name}.`,
      context: { host, reason: 'content_encoding' },
    });
  }
  const announced = Number(headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLarge(options);
  await memory?.take(announced || maxBytes, options.signal);
  const bytes = await readBytes(body, announced, options);
  if (bytes.length === 0)
    throw new VerificationError('image_unsupported', {
      detail: 'The image host sent an empty file.',
      context: { host, reason: 'empty' },
    });
  const isFramed = 'content-length' in headers || 'transfer-encoding' in headers;
  if (!isFramed && isCutOff(bytes))
    throw new VerificationError('image_fetch_failed', { reason: 'interrupted', context: { host } });
  memory?.shrinkTo(bytes.length);
  return bytes;
}

/** Returns the first coding of a Content-Encoding header that changes the bytes. */
function findCoding(header: string): string | undefined {
  const codings = header.split(',').map((coding) => coding.trim().toLowerCase());
  return codings.find((coding) => !PLAIN_CODINGS.has(coding));
}

/** Reads into one growing buffer, because a host may send millions of one-byte chunks. */
async function readBytes(
  body: Dispatcher.ResponseData['body'],
  announced: number,
  options: ReadOptions,
): Promise<Uint8Array> {
  const { maxBytes, leastRate } = options;
  let bytes = new Uint8Array(Math.min(announced || FIRST_BYTES, maxBytes));
  let size = 0;
  let sizeBefore = 0;
  const checkRate = (): void => {
    if (size - sizeBefore < (leastRate?.bytes ?? 0)) body.destroy(tooSlow(options));
    sizeBefore = size;
  };
  const watch = leastRate && setInterval(checkRate, leastRate.perMs);
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      if (size + chunk.length > maxBytes) throw tooLarge(options);
      if (size + chunk.length > bytes.length)
        bytes = grow(bytes, Math.min(maxBytes, Math.max(bytes.length * 2, size + chunk.length)));
      bytes.set(chunk, size);
      size += chunk.length;
    }
  } finally {
    clearInterval(watch);
  }
  // A copy, not a view: passing a view to another process would send the whole buffer.
  return size === bytes.length ? bytes : bytes.slice(0, size);
}

function tooLarge({ host, maxBytes }: ReadOptions): VerificationError {
  return new VerificationError('image_too_large', {
    detail: `The image is larger than ${maxBytes} bytes. Operators can raise MAX_IMAGE_BYTES.`,
    context: { host, maxBytes },
  });
}

function tooSlow({ host }: ReadOptions): VerificationError {
  return new VerificationError('image_fetch_failed', { reason: 'too_slow', context: { host } });
}

function grow(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}
