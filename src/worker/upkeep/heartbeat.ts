import { hash, randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import { isRedisReady, type RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import { logUnlessAway } from '../../shared/redis/report-outages.js';
import type { Logger } from '../../shared/runtime/logger.js';

const BEAT_MS = 5_000;
/** A worker without a heartbeat for this long counts as gone, ms. */
const LIFETIME_MS = 15_000;

export interface HeartbeatDependencies {
  readonly redis: RedisConnection;
  readonly clock: RedisClock;
  readonly keys: Keyspace;
  readonly logger: Logger;
  /** False while this worker can take no job; then it does not count as alive. */
  readonly canWork: () => boolean;
  /** Where this worker listens. */
  readonly address: { readonly host: string; readonly port: number };
}

export interface Heartbeat {
  /** Reports that this worker has left. */
  stop(): Promise<void>;
}

/** Shows the APIs that a worker of this pack is alive, and keeps this process synchronised with Redis' clock. */
export async function startHeartbeat(deps: HeartbeatDependencies): Promise<Heartbeat> {
  const { redis, clock } = deps;
  const key = deps.keys.workers;
  const id = await nameWorker(deps.address);
  let hasLeft = false;
  const beat = async (): Promise<void> => {
    await clock.synchronise();
    const now = clock.now();
    if (!hasLeft && deps.canWork()) await redis.zadd(key, now + LIFETIME_MS, id);
    await redis.zremrangebyscore(key, '-inf', now - LIFETIME_MS);
  };
  const onError = logUnlessAway(redis, deps.logger, 'heartbeat');
  await beat();
  const timer = setInterval(() => {
    beat().catch(onError);
  }, BEAT_MS);
  return {
    stop: async () => {
      hasLeft = true;
      clearInterval(timer);
      // If Redis is unavailable now, the entry expires on its own.
      if (isRedisReady(redis)) await redis.zrem(key, id).catch(onError);
    },
  };
}

/**
 * Returns the name of the place at which a worker listens, which only one can have: its address in its network, in this run
 * of the machine. So a worker that is started again replaces the one that crashed, and does not count beside it until the
 * heartbeat of that one expires. Where Linux does not name the network, the name is random.
 */
async function nameWorker({ host, port }: HeartbeatDependencies['address']): Promise<string> {
  const parts = [readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readlink('/proc/self/ns/net')];
  const place = await Promise.all(parts).catch(() => [randomUUID()]);
  return hash('sha256', [...place, hostname(), host, port].join('\0')).slice(0, 32);
}
