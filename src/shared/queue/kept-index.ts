import type { RedisConnection } from '../redis/connect-redis.js';
import { execAll } from '../redis/exec-all.js';
import type { Keyspace } from './keyspace.js';

export interface KeptIndexOptions {
  readonly redis: RedisConnection;
  readonly keys: Keyspace;
  readonly retentionSeconds: number;
}

/** An ended job, or a cancelled one, of which something is kept. */
export interface KeptJob {
  readonly jobId: string;
  readonly tenant: string;
  /** ms since 1970. */
  readonly endedAt: number;
}

/** Notes that a result of a tenant is kept, so that the reconciler can hold the tenant to its quota. */
export async function noteKept(
  { jobId, tenant, endedAt }: KeptJob,
  { redis, keys, retentionSeconds }: KeptIndexOptions,
): Promise<void> {
  const key = keys.kept(tenant);
  const pipeline = redis.pipeline().zadd(key, endedAt, jobId).expire(key, retentionSeconds);
  await execAll(pipeline.sadd(keys.keptTenants, tenant));
}
