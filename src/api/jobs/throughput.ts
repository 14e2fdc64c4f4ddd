/** Window over which rates are measured, ms. */
const WINDOW_MS = 30_000;
/** Two counts further apart say nothing of what was between them, ms. */
const MAX_COUNT_GAP_MS = 2_000;
/** What must have been seen before a capacity is believed enough to refuse somebody: time with jobs waiting, and ends. */
const TRUSTED_BUSY_MS = 1_000;
const TRUSTED_ENDS = 5;

/** How fast the workers of a queue end jobs. */
export interface Throughput {
  /** Says that a job has ended. */
  recordEnd(): void;
  /** Says that the waiting jobs were counted, and whether there were any then and at the count before. */
  recordCount(wereWaiting: boolean): void;
  /** Jobs a second that the workers can do; undefined while they have not been seen working at their limit. */
  capacity(): number | undefined;
  /** Jobs a second that ended of late; 0 while none has. */
  recentRate(): number;
}

/** A stretch of time in which jobs waited from its start to its end, so that the workers had all they could do. */
interface BusyStretch {
  readonly endedAt: number;
  readonly ms: number;
  readonly ends: number;
}

/** Returns a gauge that has seen nothing yet. `now`: ms. */
export function createThroughput(now: () => number): Throughput {
  const ends: number[] = [];
  const busy: BusyStretch[] = [];
  let endsSinceCount = 0;
  let countedAt = Number.NEGATIVE_INFINITY;

  const dropOld = (): void => {
    const oldest = now() - WINDOW_MS;
    while (ends.length > 0 && (ends[0] ?? 0) < oldest) ends.shift();
    while (busy.length > 0 && (busy[0]?.endedAt ?? 0) < oldest) busy.shift();
  };

  return {
    recordEnd: () => {
      endsSinceCount += 1;
      ends.push(now());
      if (ends.length > 100_000) ends.splice(0, 50_000);
    },
    recordCount: (wereWaiting) => {
      const endedAt = now();
      const ms = endedAt - countedAt;
      if (wereWaiting && ms <= MAX_COUNT_GAP_MS) busy.push({ endedAt, ms, ends: endsSinceCount });
      endsSinceCount = 0;
      countedAt = endedAt;
    },
    capacity: () => {
      dropOld();
      const busyMs = busy.reduce((sum, stretch) => sum + stretch.ms, 0);
      const ended = busy.reduce((sum, stretch) => sum + stretch.ends, 0);
      return busyMs >= TRUSTED_BUSY_MS && ended >= TRUSTED_ENDS ? (ended * 1_000) / busyMs : undefined;
    },
    recentRate: () => {
      dropOld();
      return (ends.length * 1_000) / Math.max(1_000, now() - (ends[0] ?? now()));
    },
  };
}
