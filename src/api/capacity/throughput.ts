/** Window over which rates are measured, ms. */
const WINDOW_MS = 30_000;
/** Counts further apart than this say nothing about the time between them, ms. */
const MAX_COUNT_GAP_MS = 2_000;
/** Busy time and ended jobs that must be observed before a request can be refused because of the capacity. */
const TRUSTED_BUSY_MS = 1_000;
const TRUSTED_ENDS = 5;

/** Measures how fast the workers of a queue end jobs. */
export interface Throughput {
  /** Records that a job has ended. */
  recordEnd(): void;
  /** Records a count of the waiting jobs. `wereWaiting`: jobs were waiting at this count and at the previous one. */
  recordCount(wereWaiting: boolean): void;
  /** Jobs per second that the workers can process; undefined until they have been observed at their limit. */
  capacity(): number | undefined;
  /** Jobs per second that ended recently; 0 if none has. */
  recentRate(): number;
}

/** A period in which jobs waited from start to end, so that the workers were fully busy. */
interface BusyPeriod {
  readonly endedAt: number;
  readonly ms: number;
  readonly ends: number;
}

/** Returns a measurement without observations. `now`: ms. */
export function createThroughput(now: () => number): Throughput {
  const ends: number[] = [];
  const busy: BusyPeriod[] = [];
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
      const busyMs = busy.reduce((sum, period) => sum + period.ms, 0);
      const ended = busy.reduce((sum, period) => sum + period.ends, 0);
      return busyMs >= TRUSTED_BUSY_MS && ended >= TRUSTED_ENDS ? (ended * 1_000) / busyMs : undefined;
    },
    recentRate: () => {
      dropOld();
      return (ends.length * 1_000) / Math.max(1_000, now() - (ends[0] ?? now()));
    },
  };
}
