import type { RedisConnection } from './redis.js';

/** BullMQ's largest priority; smaller ones are served first. */
const MAX_PRIORITY = 2_097_151;

const NEXT_TAG = `
local start = tonumber(redis.call('HGET', KEYS[1], 'now') or '0')
local last = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local tag = math.min(math.max(start, last) + 1, tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], ARGV[1], tag)
return tag`;

const ADVANCE = `
if tonumber(redis.call('HGET', KEYS[1], 'now') or '0') < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'now', ARGV[1])
end`;

/**
 * Order among tenants: one tenant's batch of ten thousand does not hold up another's first job.
 * Each job gets the priority `max(virtual time, its tenant's last) + 1`, and starting a job moves the virtual time on.
 * @see Goyal, Vin, Cheng: Start-time fair queuing, 1996.
 */
export interface FairQueue {
  /** Returns the priority for the tenant's next job, 1..2097151. */
  nextPriority(tenant: string): Promise<number>;
  /** Says that a job of this priority has been started. */
  advance(priority: number): Promise<void>;
  /** Forgets everybody's place; call it when nothing is queued. */
  reset(): Promise<void>;
}

/** Returns the order kept at `key` in Redis; the API and all workers of a queue share one. */
export function createFairQueue(redis: RedisConnection, key: string): FairQueue {
  return {
    nextPriority: async (tenant) => Number(await redis.eval(NEXT_TAG, 1, key, `of:${tenant}`, MAX_PRIORITY)),
    advance: async (priority) => void (await redis.eval(ADVANCE, 1, key, priority)),
    reset: async () => void (await redis.del(key)),
  };
}
