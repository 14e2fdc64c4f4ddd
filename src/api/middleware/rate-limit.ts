import type { MiddlewareHandler } from 'hono';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { VerificationError } from '../../shared/errors.js';
import type { RedisConnection } from '../../shared/redis.js';
import type { AppContext } from '../app-context.js';

const WINDOW_SECONDS = 60;

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
  const limiter = new RateLimiterRedis({
    ...window,
    storeClient: redis,
    keyPrefix: `${prefix}:rate`,
    insuranceLimiter: new RateLimiterMemory(window),
  });
  return {
    consume: async (tenant) => {
      try {
        await limiter.consume(tenant);
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
