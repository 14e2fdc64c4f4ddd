import { VerificationError } from '../../shared/errors.js';
import type { BodyMemory } from './upload-limits.js';

/** Bodies of this size or less are received even while uploads take all the memory, bytes. */
const SMALL_BODY_BYTES = 65_536;

export interface BodyLimits {
  readonly maxBytes: number;
  readonly memory: BodyMemory;
}

/**
 * Passes the body of a request on, chunk by chunk. A refused body stays unread; the server drains what still arrives, so
 * that its sender can read the answer.
 * @throws VerificationError `body_too_large` by its Content-Length or while reading; `overloaded`; `invalid_request` if the
 * connection ends first; what `onChunk` throws.
 */
export async function readBody(
  request: Request,
  { maxBytes, memory }: BodyLimits,
  onChunk: (chunk: Uint8Array) => Promise<void> | void,
): Promise<void> {
  if (Number(request.headers.get('content-length')) > maxBytes) throw new VerificationError('body_too_large');
  if (!request.body) return;
  const reader = request.body.getReader();
  let size = 0;
  let taken = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw new VerificationError('invalid_request', { detail: 'The body is not complete.', cause });
      });
      if (done) return;
      size += value.length;
      if (size > maxBytes) throw new VerificationError('body_too_large');
      if (size > SMALL_BODY_BYTES) {
        memory.take(size - taken);
        taken = size;
      }
      await onChunk(value);
    }
  } finally {
    memory.release(taken);
    // Not cancelled: that would close the connection before the answer.
    reader.releaseLock();
  }
}

/** Returns the whole body. @throws as `readBody` does. */
export async function readWholeBody(request: Request, limits: BodyLimits): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await readBody(request, limits, (chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks);
}
