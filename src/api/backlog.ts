import { VerificationError } from '../shared/errors.js';
import { createThroughput } from './throughput.js';

/** How long a counted depth is trusted; what this process adds meanwhile is added to it. */
const COUNT_LIFETIME_MS = 200;
const MAX_RETRY_AFTER_SECONDS = 300;

/** Jobs that wait: those with a caller on the line, who go first, and all together. */
export interface WaitingCount {
  readonly sync: number;
  readonly all: number;
}

/** How many jobs wait, how fast they go, and whether another one is let in. */
export interface Backlog {
  /** Says that a job of the queue has ended. */
  recordEnd(): void;
  /** Says that this process has added a job. */
  recordAdd(sync: boolean): void;
  /**
   * Lets a job in, or not: too many wait, or one whose caller is on the line would wait too long for its turn.
   * @throws VerificationError `overloaded` with the time after which the backlog should have drained.
   */
  admit(sync: boolean): Promise<void>;
  /** Seconds until the present backlog is worked off at the measured rate, 1..300. */
  retryAfterSeconds(): number;
  depth(): number;
}

export interface BacklogOptions {
  readonly countWaiting: () => Promise<WaitingCount>;
  readonly maxDepth: number;
  /** Longest a synchronous caller may have to wait for its job's turn, ms; more would end in a timeout for most. */
  readonly maxSyncWaitMs: number;
  readonly now?: () => number;
}

/** Returns a gauge of the backlog that asks Redis at most five times a second, however many requests come. */
export function createBacklog(options: BacklogOptions): Backlog {
  const { countWaiting, maxDepth, maxSyncWaitMs, now = Date.now } = options;
  const throughput = createThroughput(now);
  let waiting = { sync: 0, all: 0 };
  let countedAt = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;

  const count = async (): Promise<void> => {
    // Jobs that this process added since the last count waited too.
    const hadWaiting = waiting.all > 0;
    waiting = { ...(await countWaiting()) };
    countedAt = now();
    throughput.recordCount(hadWaiting && waiting.all > 0);
  };
  const refresh = (): Promise<void> => {
    counting ??= count().finally(() => {
      counting = undefined;
    });
    return counting;
  };
  const retryAfterSeconds = (): number => {
    const seconds = Math.ceil(waiting.all / (throughput.capacity() ?? throughput.recentRate()));
    // Nothing waiting and nothing ended gives NaN, and something waiting with nothing ended the longest.
    return Math.min(Math.max(seconds || 1, 1), MAX_RETRY_AFTER_SECONDS);
  };
  const wouldWaitTooLong = (): boolean => {
    const perSecond = throughput.capacity();
    return perSecond !== undefined && (waiting.sync * 1_000) / perSecond > maxSyncWaitMs;
  };

  return {
    recordEnd: throughput.recordEnd,
    recordAdd: (sync) => {
      waiting.all += 1;
      if (sync) waiting.sync += 1;
    },
    admit: async (sync) => {
      if (now() - countedAt > COUNT_LIFETIME_MS) await refresh();
      if (waiting.all < maxDepth && !(sync && wouldWaitTooLong())) return;
      throw new VerificationError('overloaded', { retryAfterSeconds: retryAfterSeconds() });
    },
    retryAfterSeconds,
    depth: () => waiting.all,
  };
}
