import { VerificationError } from '../../shared/errors.js';

/** A time limit joined with a caller's signal. */
export interface Deadline {
  /** Aborts with `image_fetch_failed` when the time is over, or with the reason of the caller's signal. */
  readonly signal: AbortSignal;
  remainingMs(): number;
  /** Frees the timer and the listener; must be called. */
  end(): void;
}

/** Starts a deadline of `timeoutMs`. (AbortSignal.any is not used: on Node 20 it keeps memory on a long-lived signal.) */
export function startDeadline(timeoutMs: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const endsAt = performance.now() + timeoutMs;
  const timedOut = () =>
    controller.abort(
      new VerificationError('image_fetch_failed', { reason: 'timeout', context: { reason: 'timeout' } }),
    );
  const follow = () => controller.abort(outer?.reason);
  const timer = setTimeout(timedOut, timeoutMs);
  outer?.addEventListener('abort', follow, { once: true });
  if (outer?.aborted) follow();
  return {
    signal: controller.signal,
    remainingMs: () => endsAt - performance.now(),
    end: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', follow);
    },
  };
}
