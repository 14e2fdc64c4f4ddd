/** A time limit combined with a caller's signal. */
export interface Deadline {
  /** Aborts with a `TimeoutError` when the time is over, or with the reason of the caller's signal. */
  readonly signal: AbortSignal;
  remainingMs(): number;
  /** Frees the timer and the listener; must be called. */
  end(): void;
}

/** Starts a deadline of `timeoutMs`. (Not AbortSignal.any: on Node 20 it retains memory on a long-lived signal.) */
export function startDeadline(timeoutMs: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const endsAt = performance.now() + timeoutMs;
  const expire = () => controller.abort(new DOMException('The time limit was reached.', 'TimeoutError'));
  const follow = () => controller.abort(outer?.reason);
  const timer = setTimeout(expire, timeoutMs);
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

/** True for the reason of a deadline whose own time was over. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
