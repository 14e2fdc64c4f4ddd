import type { Dispatcher } from 'undici';
import { VerificationError } from '../../shared/errors.js';

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
  if (Number(headers['content-length']) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  if (size === 0)
    throw new VerificationError('image_unsupported', {
      detail: 'The image host sent an empty file.',
      context: { host, reason: 'empty' },
    });
  return join(chunks, size);
}

/** A copy in memory of its own: Buffer.concat may hand out a slice of a shared pool. */
function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
