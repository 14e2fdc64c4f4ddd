/** Everything a run counts. */
export interface Tally {
  readonly faults: {
    worker_kills: number;
    redis_kills: number;
    api_kills: number;
    image_failures: number;
    webhook_failures: number;
    slow_webhooks: number;
  };
  /** What must stay zero. */
  readonly verdicts: {
    /** Accepted and not there any more. */
    lost: number;
    /** Accepted and not ended when the run was over. */
    unended: number;
    /** Ended otherwise than without faults. */
    wrong: number;
    /** Told one end first and another later. */
    changed: number;
    /** Calls without an answer in their time. */
    hung: number;
    webhooks_missing: number;
    webhooks_conflicting: number;
  };
  readonly ended: { sync: number; async: number; webhook: number; idempotent: number };
  /** What callers were told to try again for, by code. */
  readonly refused: Map<string, number>;
  /** Photos that the image server refused in every try: an honest answer. */
  unfetched: number;
  run_again: number;
  /** From a worker's death to the next start of a job it ran, ms. */
  readonly recoveriesMs: number[];
  /** The same, where Redis was killed in between as well. */
  readonly recoveriesThroughOutageMs: number[];
}

/** Returns a tally of nothing. */
export function createTally(): Tally {
  return {
    faults: {
      worker_kills: 0,
      redis_kills: 0,
      api_kills: 0,
      image_failures: 0,
      webhook_failures: 0,
      slow_webhooks: 0,
    },
    verdicts: {
      lost: 0,
      unended: 0,
      wrong: 0,
      changed: 0,
      hung: 0,
      webhooks_missing: 0,
      webhooks_conflicting: 0,
    },
    ended: { sync: 0, async: 0, webhook: 0, idempotent: 0 },
    refused: new Map(),
    unfetched: 0,
    run_again: 0,
    recoveriesMs: [],
    recoveriesThroughOutageMs: [],
  };
}

/** Returns the value that `share` (0..1) of the values do not exceed; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
