const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Pauses after the first, second, … failed attempt, ms. With the first attempt at once that is eight attempts over
 * 27.6 hours, long enough for a receiver that is down for a night and the morning after.
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

/** Part of each pause that chance adds or takes, so that deliveries which failed together do not return together. */
export const WEBHOOK_JITTER = 0.1;

/** Longest Retry-After that is honoured, ms: no receiver can hold a delivery for longer than the schedule's own pauses. */
export const MAX_RETRY_AFTER_MS = 10 * HOUR_MS;

/** Longest that a delivery can be on its way when its receiver asks for the longest pause each time, s. */
export const LONGEST_DELIVERY_SECONDS = Math.ceil(
  (WEBHOOK_RETRY_DELAYS_MS.length * MAX_RETRY_AFTER_MS * (1 + WEBHOOK_JITTER)) / SECOND_MS,
);

/** Finished deliveries that are kept at most, whatever their age; they hold no URL and no body. */
const MAX_KEPT_DELIVERED = 100_000;
/** Dead letters that are kept at most; each holds its body, a few kilobytes. */
const MAX_KEPT_FAILED = 20_000;

/** What may change a pause. */
export interface RetryDelayOptions {
  /** What the receiver asked for by Retry-After, ms. It lengthens a pause and never shortens one. */
  readonly afterMs?: number | undefined;
  /** Pauses to use instead of WEBHOOK_RETRY_DELAYS_MS. */
  readonly delaysMs?: readonly number[] | undefined;
  /** Source of chance in 0..1. */
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
 * Returns the options a webhook job is added with; the caller adds `jobId`. Delivered and failed ones are kept for
 * `retentionSeconds`. No stack traces: they would tell paths of the machine and nothing else.
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
