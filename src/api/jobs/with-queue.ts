import { VerificationError } from '../../shared/errors.js';
import { isRedisReady, type RedisConnection } from '../../shared/redis/connect-redis.js';
import { isRefusal } from '../../shared/redis/find-missing-rights.js';
import { REFUSED } from '../../shared/redis/watch-rights.js';
import { withTimeLimit } from '../../shared/runtime/with-time-limit.js';

/** Longest time for an exchange with the queue without photos, ms. */
const QUEUE_DEADLINE_MS = 1_200;
const RETRY_AFTER_SECONDS = 2;

/**
 * Runs one exchange with the queue, with a time limit, which `extraMs` extends.
 * @throws VerificationError `queue_unavailable` if Redis is unavailable, frozen or full.
 */
export async function withQueue<T>(
  redis: RedisConnection,
  exchange: () => Promise<T>,
  extraMs = 0,
): Promise<T> {
  const unavailable = (cause?: unknown): VerificationError =>
    new VerificationError('queue_unavailable', { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
  if (!isRedisReady(redis)) throw unavailable();
  try {
    return await withTimeLimit(exchange(), QUEUE_DEADLINE_MS + extraMs, () => {
      throw unavailable();
    });
  } catch (error) {
    if (isRefusal(error)) redis.emit(REFUSED);
    throw error instanceof VerificationError ? error : unavailable(error);
  }
}
