import { VerificationError } from '../shared/errors.js';

/** Window over which the drain rate is measured, ms. */
const WINDOW_MS = 30_000;
/** How long a counted depth is trusted; what this process adds meanwhile is added to it. */
const COUNT_LIFETIME_MS = 200;
/** Two counts further apart say nothing of what was between them, ms. */
const MAX_COUNT_GAP_MS = 2_000;
/** What must have been seen before a rate is believed enough to refuse somebody: time with jobs waiting, and ends. */
const TRUSTED_BUSY_MS = 1_000;
const TRUSTED_ENDS = 5;
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

/** A stretch of time in which jobs waited from its start to its end, so that the workers had all they could do. */
interface BusyStretch {
  readonly endedAt: number;
  readonly ms: number;
  readonly ends: number;
}

/** Returns a gauge of the backlog that asks Redis at most five times a second, however many requests come. */
export function createBacklog(options: BacklogOptions): Backlog {
  const { countWaiting, maxDepth, maxSyncWaitMs, now = Date.now } = options;
  const ends: number[] = [];
  const busy: BusyStretch[] = [];
  let waiting = { sync: 0, all: 0 };
  let endsSinceCount = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;

  const count = async (): Promise<void> => {
    const wasWaiting = waiting.all > 0;
    const since = countedAt;
    waiting = { ...(await countWaiting()) };
    countedAt = now();
    const ms = countedAt - since;
    if (wasWaiting && waiting.all > 0 && ms <= MAX_COUNT_GAP_MS)
      busy.push({ endedAt: countedAt, ms, ends: endsSinceCount });
    endsSinceCount = 0;
  };
  const refresh = (): Promise<void> => {
    counting ??= count().finally(() => {
      counting = undefined;
    });
    return counting;
  };
  const dropOld = (): void => {
    const oldest = now() - WINDOW_MS;
    while (ends.length > 0 && (ends[0] ?? 0) < oldest) ends.shift();
    while (busy.length > 0 && (busy[0]?.endedAt ?? 0) < oldest) busy.shift();
  };
  /** Jobs a second that the workers can do; undefined while they have not been seen working at their limit. */
  const capacity = (): number | undefined => {
    dropOld();
    const busyMs = busy.reduce((sum, stretch) => sum + stretch.ms, 0);
    const ended = busy.reduce((sum, stretch) => sum + stretch.ends, 0);
    return busyMs >= TRUSTED_BUSY_MS && ended >= TRUSTED_ENDS ? (ended * 1_000) / busyMs : undefined;
  };
  const recentRate = (): number => {
    dropOld();
    return (ends.length * 1_000) / Math.max(1_000, now() - (ends[0] ?? now()));
  };
  const retryAfterSeconds = (): number => {
    const seconds = Math.ceil(waiting.all / (capacity() ?? recentRate()));
    // Nothing waiting and nothing ended gives NaN.
    return Math.min(Math.max(seconds || 1, 1), MAX_RETRY_AFTER_SECONDS);
  };
  const wouldWaitTooLong = (): boolean => {
    const perSecond = capacity();
    return perSecond !== undefined && (waiting.sync * 1_000) / perSecond > maxSyncWaitMs;
  };

  return {
    recordEnd: () => {
      endsSinceCount += 1;
      ends.push(now());
      if (ends.length > 100_000) ends.splice(0, 50_000);
    },
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
