import type { Logger } from './logger.js';
import type { RedisConnection } from './redis.js';

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
