import type { Logger } from './logger.js';
import { isRedisReady, type RedisConnection } from './redis.js';

/** Logs one line when Redis goes and one when it comes; returns the handler for the errors of others that use it. */
export function reportOutages(redis: RedisConnection, logger: Logger): (error: unknown) => void {
  let away = false;
  const onError = (error: unknown): void => {
    if (!away) logger.error({ err: error }, 'Redis is away');
    away = true;
  };
  redis.on('error', onError);
  redis.on('ready', () => {
    logger.info('Redis is ready');
    away = false;
  });
  return onError;
}

/** Returns a handler that logs the errors of something that uses `redis`, except in an outage, which has its own line. */
export function logUnlessAway(
  redis: RedisConnection,
  logger: Logger,
  what: string,
): (error: unknown) => void {
  return (error) => logger[isRedisReady(redis) ? 'warn' : 'debug']({ err: error }, what);
}
