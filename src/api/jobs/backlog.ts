import { VerificationError } from '../../shared/errors.js';
import type { EntryLimits, Place } from '../../shared/queue/fair-queue.js';
import { createThroughput } from './throughput.js';

/** How long a counted depth is trusted; what this process adds meanwhile is added to it. */
const COUNT_LIFETIME_MS = 200;
const MAX_RETRY_AFTER_SECONDS = 300;

/** How many jobs wait, how fast they go, and whether another one is let in. */
export interface Backlog {
  /** Says that a job of the queue has ended. */
  recordEnd(): void;
  /** Says that this process has added a job. */
  recordAdd(): void;
  /**
   * Returns what may stand before another job: of its tenant, so that some places stay free for others, and, where its
   * caller is on the line, of anybody, so that its turn does not come too late.
   * @throws VerificationError `overloaded` when too many wait, with the time after which they should be fewer.
   */
  limitsFor(sync: boolean): Promise<EntryLimits>;
  /** Returns the `overloaded` of a job that was not let in. */
  refusal(place: Extract<Place, { admitted: false }>): VerificationError;
  /** Seconds until the present backlog is worked off at the measured rate, 1..300. */
  retryAfterSeconds(): number;
  depth(): number;
}

export interface BacklogOptions {
  readonly countWaiting: () => Promise<number>;
  readonly maxDepth: number;
  /** Largest part of `maxDepth` that one tenant's waiting jobs may take, above 0; 1 for all of it. */
  readonly tenantShare: number;
  /** Longest a synchronous caller may have to wait for its job's turn, ms; more would end in a timeout for most. */
  readonly maxSyncWaitMs: number;
  readonly now?: () => number;
}

/** Returns a gauge of the backlog that asks Redis at most five times a second, however many requests come. */
export function createBacklog(options: BacklogOptions): Backlog {
  const { countWaiting, maxDepth, tenantShare, maxSyncWaitMs, now = Date.now } = options;
  const throughput = createThroughput(now);
  let waiting = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;

  const count = async (): Promise<void> => {
    // Jobs that this process added since the last count waited too.
    const hadWaiting = waiting > 0;
    waiting = await countWaiting();
    countedAt = now();
    throughput.recordCount(hadWaiting && waiting > 0);
  };
  const refresh = (): Promise<void> => {
    counting ??= count().finally(() => {
      counting = undefined;
    });
    return counting;
  };
  const retryAfterSeconds = (): number => {
    const seconds = Math.ceil(waiting / (throughput.capacity() ?? throughput.recentRate()));
    // Nothing waiting and nothing ended gives NaN, and something waiting with nothing ended the longest.
    return Math.min(Math.max(seconds || 1, 1), MAX_RETRY_AFTER_SECONDS);
  };
  const overloaded = (detail?: string): VerificationError =>
    new VerificationError('overloaded', {
      retryAfterSeconds: retryAfterSeconds(),
      ...(detail === undefined ? {} : { detail }),
    });
  /**
   * A tenant may have as many waiting jobs as there are free places, times a factor: alone it gets `tenantShare` of all,
   * several get less each, and there is always something left for the next.
   * @see Choudhury, Hahne: Dynamic queue length thresholds for shared-memory packet switches, 1998.
   */
  const maxOwn = (): number =>
    tenantShare >= 1 ? Number.POSITIVE_INFINITY : ((maxDepth - waiting) * tenantShare) / (1 - tenantShare);
  const maxAhead = (): number =>
    ((throughput.capacity() ?? Number.POSITIVE_INFINITY) * maxSyncWaitMs) / 1_000;

  return {
    recordEnd: throughput.recordEnd,
    recordAdd: () => {
      waiting += 1;
    },
    limitsFor: async (sync) => {
      if (now() - countedAt > COUNT_LIFETIME_MS) await refresh();
      if (waiting >= maxDepth) throw overloaded();
      return { maxOwn: maxOwn(), maxAhead: sync ? maxAhead() : Number.POSITIVE_INFINITY };
    },
    refusal: ({ own, because }) =>
      because === 'own'
        ? overloaded(`Too many jobs of this key wait: ${own}. The other places are kept for other keys.`)
        : overloaded('The turn of this request would come too late; too many go before it.'),
    retryAfterSeconds,
    depth: () => waiting,
  };
}
