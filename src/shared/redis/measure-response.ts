import { withTimeLimit } from '../runtime/with-time-limit.js';
import { isRedisReady, type RedisConnection } from './connect-redis.js';

/** Longest wait for an answer, ms. */
const TIME_LIMIT_MS = 1_000;

/**
 * Returns the time of one exchange with Redis, seconds: 1 if no answer came within a second, undefined without a
 * connection. Never rejects.
 */
export async function measureResponse(redis: RedisConnection): Promise<number | undefined> {
  if (!isRedisReady(redis)) return undefined;
  const startedAt = performance.now();
  const hasAnswered = await withTimeLimit(
    redis.time().then(
      () => true,
      () => false,
    ),
    TIME_LIMIT_MS,
    () => false,
  );
  return hasAnswered ? (performance.now() - startedAt) / 1_000 : TIME_LIMIT_MS / 1_000;
}
