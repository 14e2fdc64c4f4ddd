import { VerificationError } from '../../shared/errors.js';
import type { EntryLimits, Place } from '../../shared/queue/fair-queue.js';
import { createThroughput } from './throughput.js';

/** Time for which a counted depth is used, ms; jobs that this process adds meanwhile are added to it. */
const COUNT_LIFETIME_MS = 200;
const MAX_RETRY_AFTER_SECONDS = 300;

/** Knows how many jobs wait and how fast they end, and decides whether another one is accepted. */
export interface Backlog {
  /** Records that a job of the queue has ended. */
  recordEnd(): void;
  /** Records that this process has added jobs; 1 without a number. */
  recordAdd(count?: number): void;
  /**
   * Returns how many jobs can be ahead of another job: jobs of its tenant, so that places stay free for other tenants,
   * and, if its caller waits on the connection, jobs of all tenants, so that its turn does not come too late.
   * @throws VerificationError `overloaded` if too many jobs wait, with the time after which there should be fewer.
   */
  limitsFor(entry: Entry): Promise<EntryLimits>;
  /** Returns how many jobs can enter an empty queue together, of a tenant with this share of its places. */
  maxTogether(share: number): number;
  /** Returns the `overloaded` error of a job that was not accepted. */
  refusal(place: Extract<Place, { admitted: false }>): VerificationError;
  /** Seconds until the current backlog is processed at the measured rate, 1..300. */
  retryAfterSeconds(): number;
  depth(): number;
}

/** Jobs of one tenant that want to enter the queue. */
export interface Entry {
  /** True if a caller waits for the answer. */
  readonly sync: boolean;
  /** Largest share of `maxDepth` for the waiting jobs of the tenant, above 0; 1 for no limit. */
  readonly share: number;
  /** Jobs that enter together; 1 if absent. */
  readonly count?: number;
}

export interface BacklogOptions {
  readonly countWaiting: () => Promise<number>;
  readonly maxDepth: number;
  /** Longest time that the job of a synchronous caller can wait for its turn, ms; beyond it, most callers would time out. */
  readonly maxSyncWaitMs: number;
  readonly now?: () => number;
}

/** Returns a backlog that counts in Redis at most five times a second, regardless of the number of requests. */
export function createBacklog(options: BacklogOptions): Backlog {
  const { countWaiting, maxDepth, maxSyncWaitMs, now = Date.now } = options;
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
    // Without ended jobs this is NaN if no job waits, else infinite.
    return Math.min(Math.max(seconds || 1, 1), MAX_RETRY_AFTER_SECONDS);
  };
  const overloaded = (detail?: string): VerificationError =>
    new VerificationError('overloaded', {
      retryAfterSeconds: retryAfterSeconds(),
      ...(detail === undefined ? {} : { detail }),
    });
  /**
   * A tenant can have as many waiting jobs as there are free places, times a factor: a single tenant gets `share` of
   * all places, several tenants get less each, and some places always stay free for the next one.
   * @see Choudhury, Hahne: Dynamic queue length thresholds for shared-memory packet switches, 1998.
   */
  const maxOwn = (count: number, share: number): number =>
    share >= 1 ? Number.POSITIVE_INFINITY : ((maxDepth - waiting - (count - 1)) * share) / (1 - share);
  const maxAhead = (): number =>
    ((throughput.capacity() ?? Number.POSITIVE_INFINITY) * maxSyncWaitMs) / 1_000;

  return {
    recordEnd: throughput.recordEnd,
    recordAdd: (count = 1) => {
      waiting += count;
    },
    // The last one still finds its tenant below its share of the places that are free by then.
    maxTogether: (share) => Math.max(1, Math.min(maxDepth, Math.ceil(maxDepth * share))),
    limitsFor: async ({ sync, share, count = 1 }) => {
      if (now() - countedAt > COUNT_LIFETIME_MS) await refresh();
      if (waiting + count > maxDepth) throw overloaded();
      return { maxOwn: maxOwn(count, share), maxAhead: sync ? maxAhead() : Number.POSITIVE_INFINITY };
    },
    refusal: ({ own, because }) =>
      because === 'own'
        ? overloaded(
            `Too many jobs of this API key are waiting: ${own}. The remaining places are reserved for other keys.`,
          )
        : overloaded('Too many jobs are ahead of this request; its turn would come too late.'),
    retryAfterSeconds,
    depth: () => waiting,
  };
}
