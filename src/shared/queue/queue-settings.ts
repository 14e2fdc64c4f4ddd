/** Lifetime of a job's lock, ms. With STALLED_INTERVAL_MS it limits how late the job of a killed worker restarts. */
export const LOCK_DURATION_MS = 8_000;
export const STALLED_INTERVAL_MS = 3_000;
/** Number of times that a job can lose its worker before it fails as `internal`. */
export const MAX_STALLED_COUNT = 5;

/** Attempts at a comparison, including the first one, if an image cannot be fetched for a temporary reason. */
const COMPARE_ATTEMPTS = { sync: 2, async: 3 } as const;
/** Base of the exponential back-off between these attempts, ms; half of it is jitter. */
const COMPARE_BACKOFF = { type: 'exponential', delay: 1_000, jitter: 0.5 } as const;

/** Returns the options of a job; the caller adds its id and priority. Its result is kept for `retentionSeconds`. */
export function comparisonJobOptions(
  job: { readonly sync: boolean; readonly accepted_at: number },
  retentionSeconds: number,
) {
  return {
    attempts: job.sync ? COMPARE_ATTEMPTS.sync : COMPARE_ATTEMPTS.async,
    backoff: COMPARE_BACKOFF,
    timestamp: job.accepted_at,
    removeOnComplete: { age: retentionSeconds },
    removeOnFail: { age: retentionSeconds },
  };
}

/** Events kept in a queue's stream. Waiters that miss one find the job's state by polling. */
export const MAX_STREAM_EVENTS = 1_000;
