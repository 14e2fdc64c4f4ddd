/** Lock life of a running job, ms. With STALLED_INTERVAL_MS it bounds how late a killed worker's job is taken up again. */
export const LOCK_DURATION_MS = 8_000;
export const STALLED_INTERVAL_MS = 3_000;
/** How often a job may lose its worker before it is failed as `internal`. */
export const MAX_STALLED_COUNT = 5;

/** Tries of a comparison, first one included, when an image could not be fetched for a passing reason. */
export const COMPARE_ATTEMPTS = { sync: 2, async: 3 } as const;
/** Base of the exponential back-off between those tries, ms; half of it is jitter. */
export const COMPARE_BACKOFF = { type: 'exponential', delay: 1_000, jitter: 0.5 } as const;

/** Events kept in a queue's stream. Waiters that miss one find the job's state by polling. */
export const MAX_STREAM_EVENTS = 1_000;
