import { VerificationError } from '../shared/errors.js';

/** Window over which the drain rate is measured, ms. */
const WINDOW_MS = 30_000;
/** How long a counted depth is trusted; what this process adds meanwhile is added to it. */
const COUNT_LIFETIME_MS = 200;
const MAX_RETRY_AFTER_SECONDS = 300;

/** How many jobs wait, how fast they go, and whether another one is let in. */
export interface Backlog {
  /** Says that a job of the queue has ended. */
  recordEnd(): void;
  /** Says that this process has added a job. */
  recordAdd(): void;
  /** @throws VerificationError `overloaded` with the time after which the backlog should have drained. */
  admit(): Promise<void>;
  /** Seconds until the present backlog is worked off at the measured rate, 1..300. */
  retryAfterSeconds(): number;
  depth(): number;
}

export interface BacklogOptions {
  readonly countWaiting: () => Promise<number>;
  readonly maxDepth: number;
  readonly now?: () => number;
}

/** Returns a gauge of the backlog that asks Redis at most five times a second, however many requests come. */
export function createBacklog({ countWaiting, maxDepth, now = Date.now }: BacklogOptions): Backlog {
  const ends: number[] = [];
  let depth = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;

  const count = async (): Promise<void> => {
    depth = await countWaiting();
    countedAt = now();
  };
  const refresh = (): Promise<void> => {
    counting ??= count().finally(() => {
      counting = undefined;
    });
    return counting;
  };
  const dropOld = (): void => {
    while (ends.length > 0 && (ends[0] ?? 0) < now() - WINDOW_MS) ends.shift();
  };
  const retryAfterSeconds = (): number => {
    dropOld();
    const elapsedMs = Math.max(1_000, now() - (ends[0] ?? now()));
    const perSecond = (ends.length * 1_000) / elapsedMs;
    const seconds = perSecond > 0 ? Math.ceil(depth / perSecond) : MAX_RETRY_AFTER_SECONDS;
    return Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS);
  };

  return {
    recordEnd: () => {
      ends.push(now());
      if (ends.length > 100_000) ends.splice(0, 50_000);
    },
    recordAdd: () => {
      depth += 1;
    },
    admit: async () => {
      if (now() - countedAt > COUNT_LIFETIME_MS) await refresh();
      if (depth < maxDepth) return;
      throw new VerificationError('overloaded', { retryAfterSeconds: retryAfterSeconds() });
    },
    retryAfterSeconds,
    depth: () => depth,
  };
}
