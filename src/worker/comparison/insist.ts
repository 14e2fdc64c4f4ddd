import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 500;
/** A Redis that takes no writes for longer than this is left to the queue's own retries, ms. */
const GIVE_UP_AFTER_MS = 60_000;

export interface InsistOptions {
  /** Ends it with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Does `task` again and again until it succeeds, for a result that is there and only has to be written: Redis may be
 * full for a while. The task must be safe to repeat.
 * @throws the signal's reason, or the task's last error after a minute.
 */
export async function insist<T>(task: () => Promise<T>, { signal, onFailure }: InsistOptions): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await task();
    } catch (error) {
      if (performance.now() - startedAt > GIVE_UP_AFTER_MS) throw error;
      onFailure(error);
    }
    await pause(PAUSE_MS);
    signal.throwIfAborted();
  }
}
