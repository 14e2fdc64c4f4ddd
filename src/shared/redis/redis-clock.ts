import type { RedisConnection } from './connect-redis.js';

/** The clock of Redis as seen from this process, so that deadlines hold across machines whose clocks differ. */
export interface RedisClock {
  /** Whole milliseconds since 1970 by Redis’ clock. */
  now(): number;
  /** False until Redis has reported its time once; until then the clock shows the local time. */
  isSynchronised(): boolean;
  /** Measures the difference again. Keeps the last one if Redis does not answer. */
  synchronise(): Promise<void>;
}

/** Returns a clock that equals the local one until the first `synchronise`. `localNow` in ms. */
export function createRedisClock(redis: RedisConnection, localNow: () => number = Date.now): RedisClock {
  let offsetMs: number | undefined;
  return {
    now: () => Math.round(localNow() + (offsetMs ?? 0)),
    isSynchronised: () => offsetMs !== undefined,
    synchronise: async () => {
      const before = localNow();
      const [seconds, microseconds] = await redis.time();
      const middle = (before + localNow()) / 2;
      offsetMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - middle;
    },
  };
}
