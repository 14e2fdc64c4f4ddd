import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 500;
/** After this time of failed writes the queue's own retries take over, ms. */
const GIVE_UP_AFTER_MS = 60_000;

export interface RetryWriteOptions {
  /** Ends the retries with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Repeats `write` until it succeeds: the result exists and only has to reach Redis, which may be full for a while.
 * `write` must be safe to repeat.
 * @throws the signal's reason, or the last error of `write` after a minute.
 */
export async function retryWrite<T>(write: () => Promise<T>, options: RetryWriteOptions): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (performance.now() - startedAt > GIVE_UP_AFTER_MS) throw error;
      options.onFailure(error);
    }
    await pause(PAUSE_MS);
    options.signal.throwIfAborted();
  }
}
