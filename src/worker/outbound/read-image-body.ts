import type { Dispatcher } from 'undici';
import { VerificationError } from '../../shared/errors.js';

/** First size of the buffer when the host announces none: most photos need it to grow a few times only. */
const FIRST_BYTES = 262_144;

/**
 * Returns the body of an answer in memory of its own. Leaves an answer it refuses unread: the caller destroys it.
 * @throws VerificationError `image_too_large` by Content-Length or while reading; `image_unsupported` for a content
 * encoding or an empty body. What undici throws on a cut-off transfer passes through.
 */
export async function readImageBody(
  response: Dispatcher.ResponseData,
  maxBytes: number,
  host: string,
): Promise<Uint8Array> {
  const { headers, body } = response;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (String(encoding).trim().toLowerCase() !== 'identity')
    throw new VerificationError('image_unsupported', {
      detail: 'The image host sent the image with a content encoding.',
      context: { host, reason: 'content_encoding' },
    });
  const tooLarge = () =>
    new VerificationError('image_too_large', {
      detail: `The image is larger than ${maxBytes} bytes.`,
      context: { host, maxBytes },
    });
  const announced = Number(headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLarge();
  // One buffer that grows, since a host may send millions of chunks of one byte.
  let bytes = new Uint8Array(Math.min(announced || FIRST_BYTES, maxBytes));
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (size + chunk.length > maxBytes) throw tooLarge();
    if (size + chunk.length > bytes.length)
      bytes = grow(bytes, Math.min(maxBytes, Math.max(bytes.length * 2, size + chunk.length)));
    bytes.set(chunk, size);
    size += chunk.length;
  }
  if (size === 0)
    throw new VerificationError('image_unsupported', {
      detail: 'The image host sent an empty file.',
      context: { host, reason: 'empty' },
    });
  // A copy, not a view: whoever sends the bytes on to another process would send the whole buffer.
  return size === bytes.length ? bytes : bytes.slice(0, size);
}

function grow(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}
