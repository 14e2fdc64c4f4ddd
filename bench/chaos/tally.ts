import type { Way } from './cases.js';

/** All counts of a run. */
export interface Tally {
  /** Number of faults by kind. */
  readonly faults: {
    worker_kills: number;
    /** SIGSTOP for longer than the lifetime of a lock. */
    worker_freezes: number;
    /** SIGKILL, then a restart from the append-only file. */
    redis_restarts: number;
    redis_freezes: number;
    api_kills: number;
    receiver_outages: number;
    image_errors: number;
    image_resets: number;
  };
  /** Visible effects of the faults. */
  readonly met: {
    /** Callers whose connection broke while waiting for an answer. */
    callers_cut_off: number;
    /** Webhooks answered with an error or not at all. */
    webhooks_spoiled: number;
    webhooks_taken_slowly: number;
  };
  /** Violations: all must stay zero. */
  readonly verdicts: {
    /** Accepted, but no longer existing. */
    lost: number;
    /** Accepted, but not ended in time. */
    unended: number;
    /** Ended with a wrong outcome. */
    wrong: number;
    /** Reported two different outcomes. */
    changed: number;
    /** Jobs that ended more than once in the queue. */
    ended_twice: number;
    /** Idempotency-Keys with two jobs. */
    split_keys: number;
    /** Calls without an answer in time. */
    hung: number;
    /** Callers that were refused repeatedly for minutes. */
    never_accepted: number;
    webhooks_missing: number;
    /** Webhooks of one job with different ids or bodies. */
    webhooks_conflicting: number;
    /** Webhooks with a wrong outcome. */
    webhooks_wrong: number;
    /** Uploaded photos in Redis whose job has ended. */
    photos_kept: number;
    /** 1 if Redis' memory did not return to its level. */
    memory_kept: number;
    /** Our programs that exited without being killed. */
    died_by_itself: number;
  };
  /** Ended jobs by the way in which their photos were sent. */
  readonly sent_as: Record<Way, number>;
  readonly ended: { sync: number; async: number; webhook: number; idempotent: number };
  /** Refusals that callers had to retry, by code. */
  readonly refused: Map<string, number>;
  /** Jobs that completed after more than one start. */
  readonly run_again: Set<string>;
  /** Longest wait of a synchronous caller, ms. */
  longestWaitMs: number;
  /** Times from a fault to the next start of a job that was running, ms. */
  readonly recoveriesMs: {
    readonly kill: number[];
    readonly freeze: number[];
    /** Either kind, if Redis was also unavailable in between. */
    readonly outage: number[];
  };
}

/** Returns an empty tally. */
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
      photos_kept: 0,
      memory_kept: 0,
      died_by_itself: 0,
    },
    sent_as: { urls: 0, data_urls: 0, files: 0, mixed: 0 },
    ended: { sync: 0, async: 0, webhook: 0, idempotent: 0 },
    refused: new Map(),
    run_again: new Set(),
    longestWaitMs: 0,
    recoveriesMs: { kill: [], freeze: [], outage: [] },
  };
}
