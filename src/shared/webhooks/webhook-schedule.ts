const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Pauses after the first, second, … failed attempt, ms. The first attempt is immediate, so these are eight attempts over
 * 27.6 hours, enough for a receiver that is down for a night and the next morning.
 */
export const WEBHOOK_RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  10 * HOUR_MS,
];

/** Random part of each pause, added or subtracted, so that deliveries that failed together do not return together. */
export const WEBHOOK_JITTER = 0.1;

/** Longest Retry-After that is honoured, ms: no receiver can delay a delivery longer than the schedule itself does. */
export const MAX_RETRY_AFTER_MS = 10 * HOUR_MS;

/** Longest duration of a delivery whose receiver always asks for the longest pause, s. */
export const LONGEST_DELIVERY_SECONDS = Math.ceil(
  (WEBHOOK_RETRY_DELAYS_MS.length * MAX_RETRY_AFTER_MS * (1 + WEBHOOK_JITTER)) / SECOND_MS,
);

/** Successful deliveries kept at most, of any age. They have no URL and no body. */
const MAX_KEPT_DELIVERED = 100_000;
/** Dead letters kept at most. Each has its body, a few kilobytes. */
const MAX_KEPT_FAILED = 20_000;

/** Influences on a pause. */
export interface RetryDelayOptions {
  /** Pause requested by the receiver in Retry-After, ms. It can lengthen a pause, but not shorten it. */
  readonly afterMs?: number | undefined;
  /** Pauses to use instead of WEBHOOK_RETRY_DELAYS_MS. */
  readonly delaysMs?: readonly number[] | undefined;
  /** Source of random numbers, 0..1. */
  readonly random?: () => number;
}

/** Returns the pause after `failedAttempts` (≥ 1) failures in whole ms, with ±10 % jitter. */
export function retryDelayMs(failedAttempts: number, options: RetryDelayOptions = {}): number {
  const delays = options.delaysMs ?? WEBHOOK_RETRY_DELAYS_MS;
  const planned = delays[Math.min(failedAttempts, delays.length) - 1] ?? 0;
  const jitter = 1 + WEBHOOK_JITTER * (2 * (options.random ?? Math.random)() - 1);
  const asked = Math.min(options.afterMs ?? 0, MAX_RETRY_AFTER_MS);
  return Math.round(Math.max(planned * jitter, asked));
}

/**
 * Returns the options of a webhook job; the caller adds `jobId`. Delivered and failed jobs are kept for `retentionSeconds`.
 * Without stack traces, which would only reveal paths of the machine.
 */
export function webhookJobOptions(retentionSeconds: number) {
  return {
    attempts: WEBHOOK_RETRY_DELAYS_MS.length + 1,
    backoff: { type: 'webhook' },
    removeOnComplete: { age: retentionSeconds, count: MAX_KEPT_DELIVERED },
    removeOnFail: { age: retentionSeconds, count: MAX_KEPT_FAILED },
    stackTraceLimit: 0,
  };
}
