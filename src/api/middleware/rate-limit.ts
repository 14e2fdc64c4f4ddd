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
  /**
   * Counts one request of a tenant with this limit, above 0. Resolves with the seconds to wait if it exceeds the limit.
   * What was counted under another limit counts too.
   */
  consume(tenant: string, perMinute: number): Promise<number | undefined>;
}

export interface RateLimiterOptions {
  readonly redis: RedisConnection;
  readonly prefix: string;
}

/** The counters of one limit. */
interface Counters {
  readonly shared: RateLimiterRedis;
  /** While Redis is unavailable. */
  readonly own: RateLimiterMemory;
}

/** Returns a limiter shared by all replicas. While Redis is unavailable, each replica counts on its own. */
export function createRateLimiter({ redis, prefix }: RateLimiterOptions): RateLimiter {
  const byLimit = new Map<number, Counters>();
  const countersOf = (perMinute: number): Counters => {
    const window = { points: perMinute, duration: WINDOW_SECONDS };
    const counters = byLimit.get(perMinute) ?? {
      shared: new RateLimiterRedis({ ...window, storeClient: redis, keyPrefix: `${prefix}:rate` }),
      own: new RateLimiterMemory(window),
    };
    byLimit.set(perMinute, counters);
    return counters;
  };
  const count = async (tenant: string, perMinute: number): Promise<void> => {
    const { shared, own } = countersOf(perMinute);
    const answered = await withTimeLimit(isAnswered(shared.consume(tenant)), ANSWER_WITHIN_MS, () => false);
    if (!answered) await own.consume(tenant);
  };
  return {
    consume: async (tenant, perMinute) => {
      try {
        await count(tenant, perMinute);
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
    const { rateLimitPerMinute: perMinute } = context.get('rules');
    const retryAfterSeconds =
      perMinute === 0 ? undefined : await limiter.consume(context.get('tenant'), perMinute);
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
