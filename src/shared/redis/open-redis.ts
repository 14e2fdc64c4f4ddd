import type { Logger } from '../runtime/logger.js';
import type { Shutdown } from '../runtime/shutdown.js';
import { connectRedis, type RedisConnection } from './connect-redis.js';
import type { RedisTarget } from './redis-url.js';
import { reportOutages } from './report-outages.js';
import type { RedisUser } from './required-rights.js';
import { type RightsWatch, watchRights } from './watch-rights.js';

export interface OpenRedisOptions {
  readonly config: { readonly REDIS_URL: RedisTarget; readonly REDIS_PREFIX: string };
  /** The API answers callers, so it fails fast; a worker waits for Redis. */
  readonly user: RedisUser;
  readonly logger: Logger;
  /** Disconnects after everything that is added later. */
  readonly shutdown: Shutdown;
}

export interface OpenRedis {
  readonly redis: RedisConnection;
  readonly rights: RightsWatch;
  /** Handles errors of other users of `redis`. */
  readonly onError: (error: unknown) => void;
}

/** Opens a program's connection to Redis, reports its outages and watches its rights. */
export function openRedis({ config, user, logger, shutdown }: OpenRedisOptions): OpenRedis {
  const { REDIS_URL: target, REDIS_PREFIX: prefix } = config;
  const redis = connectRedis(target, user === 'api' ? 'fail-fast' : 'patient');
  const onError = reportOutages(redis, logger, target);
  shutdown.add('redis', () => redis.disconnect());
  const rights = watchRights(redis, { target, user, prefix, logger });
  shutdown.add('rights', rights.stop);
  return { redis, rights, onError };
}
