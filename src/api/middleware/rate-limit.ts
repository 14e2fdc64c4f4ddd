import type { MiddlewareHandler } from 'hono';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { VerificationError } from '../../shared/errors.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { withTimeLimit } from '../../shared/runtime/with-time-limit.js';
import type { AppContext } from '../http/app-context.js';

const WINDOW_SECONDS = 60;
/** Longest wait for Redis, ms: together with the limit of the queue it makes 1.5 s. */
const ANSWER_WITHIN_MS = 300;

export interface RateLimiter {
  /** Counts one request. Resolves with the seconds to wait if it exceeds the limit. */
  consume(tenant: string): Promise<number | undefined>;
}

export interface RateLimiterOptions {
  readonly redis: RedisConnection;
  readonly prefix: string;
  /** Requests per minute and key; 0 for no limit. */
  readonly perMinute: number;
}

/** Returns a limiter shared by all replicas. While Redis is unavailable, each replica counts on its own. */
export function createRateLimiter({ redis, prefix, perMinute }: RateLimiterOptions): RateLimiter | undefined {
  if (perMinute === 0) return undefined;
  const window = { points: perMinute, duration: WINDOW_SECONDS };
  const shared = new RateLimiterRedis({ ...window, storeClient: redis, keyPrefix: `${prefix}:rate` });
  const own = new RateLimiterMemory(window);
  const count = async (tenant: string): Promise<void> => {
    const answered = await withTimeLimit(isAnswered(shared.consume(tenant)), ANSWER_WITHIN_MS, () => false);
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

/** Refuses requests beyond the limit of a key. @throws VerificationError `rate_limited` with the time to wait. */
export function rateLimit(limiter: RateLimiter): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    const retryAfterSeconds = await limiter.consume(context.get('tenant'));
    if (retryAfterSeconds !== undefined) throw new VerificationError('rate_limited', { retryAfterSeconds });
    await next();
  };
}

/** True if the limiter accepts the request, false if it fails. Rejects with its refusal. */
async function isAnswered(consumed: Promise<RateLimiterRes>): Promise<boolean> {
  try {
    await consumed;
    return true;
  } catch (error) {
    if (error instanceof RateLimiterRes) throw error;
    return false;
  }
}
