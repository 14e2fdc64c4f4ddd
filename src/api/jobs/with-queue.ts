import { VerificationError } from '../../shared/errors.js';
import { isRedisReady, type RedisConnection } from '../../shared/redis/connect-redis.js';

/** Longest time for an exchange with the queue, ms. */
const QUEUE_DEADLINE_MS = 1_200;
const RETRY_AFTER_SECONDS = 2;

/**
 * Runs one exchange with the queue, with a time limit.
 * @throws VerificationError `queue_unavailable` if Redis is unavailable, frozen or full.
 */
export async function withQueue<T>(redis: RedisConnection, exchange: () => Promise<T>): Promise<T> {
  const unavailable = (cause?: unknown): VerificationError =>
    new VerificationError('queue_unavailable', { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
  if (!isRedisReady(redis)) throw unavailable();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(unavailable()), QUEUE_DEADLINE_MS);
  });
  try {
    return await Promise.race([exchange(), deadline]);
  } catch (error) {
    throw error instanceof VerificationError ? error : unavailable(error);
  } finally {
    clearTimeout(timer);
  }
}
