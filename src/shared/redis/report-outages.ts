import type { Logger } from '../runtime/logger.js';
import { failToStart } from '../runtime/shutdown.js';
import { isRedisReady, type RedisConnection } from './connect-redis.js';
import { isRefusal } from './find-missing-rights.js';
import { describeRedis, type RedisTarget } from './redis-url.js';
import { REFUSED } from './watch-rights.js';

/**
 * Logs one line when Redis becomes unavailable and one when it is back, with the hosts and the database of `target`. Returns
 * the handler for errors of other users of `redis`. Ends the process if the database cannot be selected, because ioredis
 * would then use database 0, which may belong to someone else.
 */
export function reportOutages(
  redis: RedisConnection,
  logger: Logger,
  target: RedisTarget,
): (error: unknown) => void {
  const place = describeRedis(target);
  let away = false;
  const onError = (error: unknown): void => {
    if (isWrongDatabase(error))
      failToStart(`REDIS_URL: the database of ${place} cannot be used: ${error.message}`);
    const refused = findRefusal(error);
    if (refused && isRedisReady(redis)) return void redis.emit(REFUSED);
    if (!away) logger.error({ err: error, REDIS_URL: place, refused }, 'Redis is unavailable');
    away = true;
  };
  redis.on('error', onError);
  redis.on('ready', () => {
    logger.info('Redis is ready');
    away = false;
  });
  return onError;
}

/**
 * Returns a handler that logs errors of a user of `redis`, except during an outage and after a refusal, which have their own
 * lines.
 */
export function logUnlessAway(
  redis: RedisConnection,
  logger: Logger,
  what: string,
): (error: unknown) => void {
  return (error) => {
    const refused = isRefusal(error);
    if (refused) redis.emit(REFUSED);
    logger[isRedisReady(redis) && !refused ? 'warn' : 'debug']({ err: error }, what);
  };
}

/** Returns the text of a refusal, also of one that a client of a cluster wraps. It names a command, no key and no value. */
function findRefusal(error: unknown): string | undefined {
  const { lastNodeError } = error as { readonly lastNodeError?: unknown };
  return [error, lastNodeError].find(isRefusal)?.message;
}

/** True if the server refused SELECT, because the database does not exist or is forbidden. */
function isWrongDatabase(error: unknown): error is Error {
  return error instanceof Error && /DB index is out of range|NOPERM .*\bselect\b/i.test(error.message);
}
