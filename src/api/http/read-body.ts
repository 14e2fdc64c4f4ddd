import { setTimeout as pause } from 'node:timers/promises';
import { VerificationError } from '../../shared/errors.js';
import type { BodyMemory } from './upload-limits.js';

/** Bodies of this size or less are received even while uploads take all the memory, bytes. */
const SMALL_BODY_BYTES = 65_536;

export interface BodyLimits {
  readonly maxBytes: number;
  readonly memory: BodyMemory;
}

/** How much of a refused body is read, bytes, and for how long, ms. */
const MAX_DISCARDED_BYTES = 67_108_864;
const MAX_DISCARD_MS = 10_000;
/** Time without a byte after which the sender of a refused body waits for the answer, ms. */
const IDLE_MS = 500;

/**
 * Passes the body of a request on, chunk by chunk. The rest of a refused body is read and dropped within limits: many
 * programs read no answer before they have sent their request, and end with a broken connection instead.
 * @throws VerificationError `body_too_large` by its Content-Length or while reading; `overloaded`; `invalid_request` if the
 * connection ends first; what `onChunk` throws.
 */
export async function readBody(
  request: Request,
  { maxBytes, memory }: BodyLimits,
  onChunk: (chunk: Uint8Array) => Promise<void> | void,
): Promise<void> {
  const announced = Number(request.headers.get('content-length'));
  if (announced > Math.max(maxBytes, MAX_DISCARDED_BYTES)) throw new VerificationError('body_too_large');
  if (!request.body) return;
  const reader = request.body.getReader();
  let size = 0;
  let taken = 0;
  try {
    if (announced > maxBytes) throw new VerificationError('body_too_large');
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
  } catch (error) {
    memory.release(taken);
    taken = 0;
    await discardRest(reader);
    throw error;
  } finally {
    memory.release(taken);
    // Not cancelled: that would close the connection before the answer.
    reader.releaseLock();
  }
}

async function discardRest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const endsAt = performance.now() + MAX_DISCARD_MS;
  for (let size = 0; size < MAX_DISCARDED_BYTES && performance.now() < endsAt; ) {
    const idle = new AbortController();
    const chunk = await Promise.race([
      reader.read().catch(() => undefined),
      pause(IDLE_MS, undefined, { signal: idle.signal }).catch(() => undefined),
    ]);
    idle.abort();
    if (!chunk?.value) return;
    size += chunk.value.length;
  }
}

/** Returns the whole body. @throws as `readBody` does. */
export async function readWholeBody(request: Request, limits: BodyLimits): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await readBody(request, limits, (chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks);
}
