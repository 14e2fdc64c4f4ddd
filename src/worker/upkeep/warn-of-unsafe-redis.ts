import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { Logger } from '../../shared/runtime/logger.js';

/** Warns once when Redis is set up so that it may drop jobs: evicting keys, or keeping nothing over a restart. */
export async function warnOfUnsafeRedis(redis: RedisConnection, logger: Logger): Promise<void> {
  const info = await redis.info().catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    logger.warn({ policy }, 'Redis may evict accepted jobs: set maxmemory-policy to noeviction');
  }
  if (/^aof_enabled:0/m.test(info)) {
    logger.warn('Redis keeps no append-only file: a restart of it loses accepted jobs');
  }
}
