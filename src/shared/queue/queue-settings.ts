/** Lifetime of a job's lock, ms. With STALLED_INTERVAL_MS it limits how late the job of a killed worker restarts. */
export const LOCK_DURATION_MS = 8_000;
export const STALLED_INTERVAL_MS = 3_000;
/** Number of times that a job can lose its worker before it fails as `internal`. */
export const MAX_STALLED_COUNT = 5;

/** Attempts at a comparison, including the first one, if an image cannot be fetched for a temporary reason. */
export const COMPARE_ATTEMPTS = { sync: 2, async: 3 } as const;
/** Base of the exponential back-off between these attempts, ms; half of it is jitter. */
export const COMPARE_BACKOFF = { type: 'exponential', delay: 1_000, jitter: 0.5 } as const;

/** Events kept in a queue's stream. Waiters that miss one find the job's state by polling. */
export const MAX_STREAM_EVENTS = 1_000;
