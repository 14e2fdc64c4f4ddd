/** Everything a run counts. */
export interface Tally {
  /** What was broken, and how often. */
  readonly faults: {
    worker_kills: number;
    /** SIGSTOP for longer than a lock lives. */
    worker_freezes: number;
    /** SIGKILL, and a start from the append-only file. */
    redis_restarts: number;
    redis_freezes: number;
    api_kills: number;
    receiver_outages: number;
    image_errors: number;
    image_resets: number;
    image_hangs: number;
  };
  /** Whom that met, as far as it shows. */
  readonly met: {
    /** Callers whose connection broke while they waited for an answer. */
    callers_cut_off: number;
    /** Webhooks that were answered with an error or not at all. */
    webhooks_spoiled: number;
    webhooks_taken_slowly: number;
  };
  /** What must stay zero. */
  readonly verdicts: {
    /** Accepted and not there any more. */
    lost: number;
    /** Accepted and not ended in its time. */
    unended: number;
    /** Ended otherwise than is known to be right. */
    wrong: number;
    /** Told one end first and another later. */
    changed: number;
    /** Jobs that the queue itself ended more than once. */
    ended_twice: number;
    /** Idempotency-Keys that two replicas made two jobs of. */
    split_keys: number;
    /** Calls without an answer in their time. */
    hung: number;
    /** Callers sent away again and again for minutes. */
    never_accepted: number;
    webhooks_missing: number;
    /** Webhooks of one job with different ids or bodies. */
    webhooks_conflicting: number;
    /** Webhooks that tell another end than is known to be right. */
    webhooks_wrong: number;
    /** Programs of ours that ended without having been killed. */
    died_by_itself: number;
  };
  readonly ended: { sync: number; async: number; webhook: number; idempotent: number };
  /** What callers were told to try again for, by code. */
  readonly refused: Map<string, number>;
  /** Jobs that completed after more than one start. */
  readonly run_again: Set<string>;
  /** Longest wait of a synchronous caller for any answer, ms. */
  longestWaitMs: number;
  /** From a fault to the next start of a job that ran then, ms. */
  readonly recoveriesMs: {
    readonly kill: number[];
    readonly freeze: number[];
    /** Either, where Redis was away in between as well. */
    readonly outage: number[];
  };
}

/** Returns a tally of nothing. */
export function createTally(): Tally {
  return {
    faults: {
      worker_kills: 0,
      worker_freezes: 0,
      redis_restarts: 0,
      redis_freezes: 0,
      api_kills: 0,
      receiver_outages: 0,
      image_errors: 0,
      image_resets: 0,
      image_hangs: 0,
    },
    met: { callers_cut_off: 0, webhooks_spoiled: 0, webhooks_taken_slowly: 0 },
    verdicts: {
      lost: 0,
      unended: 0,
      wrong: 0,
      changed: 0,
      ended_twice: 0,
      split_keys: 0,
      hung: 0,
      never_accepted: 0,
      webhooks_missing: 0,
      webhooks_conflicting: 0,
      webhooks_wrong: 0,
      died_by_itself: 0,
    },
    ended: { sync: 0, async: 0, webhook: 0, idempotent: 0 },
    refused: new Map(),
    run_again: new Set(),
    longestWaitMs: 0,
    recoveriesMs: { kill: [], freeze: [], outage: [] },
  };
}
