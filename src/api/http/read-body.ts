import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from 'hono';
import { VerificationError } from '../../shared/errors.js';
import { createPieceCollector } from '../../shared/uploads/photo-pieces.js';
import type { AppContext } from './app-context.js';
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

export interface BodyReader<T> {
  readonly onChunk: (chunk: Uint8Array) => Promise<void> | void;
  /** Called after the last chunk, while the body still counts as memory that is taken. */
  readonly onEnd: () => Promise<T>;
}

/**
 * Passes the body of a request on, chunk by chunk, and returns what `onEnd` makes of it. The rest of a refused body is
 * read and dropped within limits: many programs read no answer before they have sent their request, and end with a broken
 * connection instead.
 * @throws VerificationError `body_too_large` by its Content-Length or while reading; `overloaded`; `invalid_request` if the
 * connection ends first; what the reader throws.
 */
export async function readBody<T>(
  context: Context<AppContext>,
  { maxBytes, memory }: BodyLimits,
  { onChunk, onEnd }: BodyReader<T>,
): Promise<T> {
  const announced = Number(context.req.header('content-length'));
  if (announced > Math.max(maxBytes, MAX_DISCARDED_BYTES)) throw new VerificationError('body_too_large');
  const body = openBody(context);
  let size = 0;
  let taken = 0;
  try {
    if (announced > maxBytes) throw new VerificationError('body_too_large');
    for (;;) {
      const { done, value } = await body.next().catch((cause) => {
        throw new VerificationError('invalid_request', { detail: 'The body is not complete.', cause });
      });
      if (done) return await onEnd();
      size += value.length;
      if (size > maxBytes) throw new VerificationError('body_too_large');
      if (size > SMALL_BODY_BYTES) {
        memory.take(size - taken);
        taken = size;
        await memory.turn(value.length);
      }
      await onChunk(value);
    }
  } catch (error) {
    memory.release(taken);
    taken = 0;
    await discardRest(body);
    throw error;
  } finally {
    memory.release(taken);
  }
}

/** Node's own stream, where there is one: a web stream would copy every chunk. Its end does not close the connection. */
function openBody({ env, req }: Context<AppContext>): AsyncIterator<Uint8Array> {
  // Without a server there is no environment either.
  const stream = env?.incoming ?? (req.raw.body ? Readable.fromWeb(req.raw.body) : Readable.from([]));
  return stream.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
}

async function discardRest(body: AsyncIterator<Uint8Array>): Promise<void> {
  const endsAt = performance.now() + MAX_DISCARD_MS;
  for (let size = 0; size < MAX_DISCARDED_BYTES && performance.now() < endsAt; ) {
    const idle = new AbortController();
    const chunk = await Promise.race([
      body.next().catch(() => undefined),
      pause(IDLE_MS, undefined, { signal: idle.signal }).catch(() => undefined),
    ]);
    idle.abort();
    if (!chunk?.value) return;
    size += chunk.value.length;
  }
}

/** Returns what `use` makes of the pieces of the whole body. @throws as `readBody` does. */
export async function readWholeBody<T>(
  context: Context<AppContext>,
  limits: BodyLimits,
  use: (pieces: readonly Buffer[]) => Promise<T>,
): Promise<T> {
  const body = createPieceCollector();
  return readBody(context, limits, { onChunk: body.add, onEnd: () => use(body.pieces()) });
}
