import type { MiddlewareHandler } from 'hono';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { VerificationError } from '../../shared/errors.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { AppContext } from '../http/app-context.js';

const WINDOW_SECONDS = 60;
/** A Redis that does not answer within this is not waited for, ms: with the queue's own limit it makes 1.5 s. */
const ANSWER_WITHIN_MS = 300;

export interface RateLimiter {
  /** Counts one request; resolves with the seconds to wait when it is one too many. */
  consume(tenant: string): Promise<number | undefined>;
}

export interface RateLimiterOptions {
  readonly redis: RedisConnection;
  readonly prefix: string;
  /** Requests a key may make in a minute; 0 for any number. */
  readonly perMinute: number;
}

/** Returns a limiter that all replicas share; while Redis is away each counts for itself. */
export function createRateLimiter({ redis, prefix, perMinute }: RateLimiterOptions): RateLimiter | undefined {
  if (perMinute === 0) return undefined;
  const window = { points: perMinute, duration: WINDOW_SECONDS };
  const shared = new RateLimiterRedis({ ...window, storeClient: redis, keyPrefix: `${prefix}:rate` });
  const own = new RateLimiterMemory(window);
  const count = async (tenant: string): Promise<void> => {
    const answered = await within(ANSWER_WITHIN_MS, shared.consume(tenant));
    if (!answered) await own.consume(tenant);
  };
  return {
    consume: async (tenant) => {
      try {
        await count(tenant);
        return undefined;
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000));
        throw refusal;
      }
    },
  };
}

/** Refuses a key's requests beyond its rate. @throws VerificationError `rate_limited` with the time to wait. */
export function rateLimit(limiter: RateLimiter): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    const retryAfterSeconds = await limiter.consume(context.get('tenant'));
    if (retryAfterSeconds !== undefined) throw new VerificationError('rate_limited', { retryAfterSeconds });
    await next();
  };
}

/** True when the limiter let the request pass, false when it gave no answer in time; rejects with its refusal. */
async function within(timeoutMs: number, consumed: Promise<RateLimiterRes>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  const passed = consumed.then(
    () => true,
    (refusal: unknown) => {
      if (refusal instanceof RateLimiterRes) throw refusal;
      return false;
    },
  );
  try {
    return await Promise.race([passed, late]);
  } finally {
    clearTimeout(timer);
  }
}
