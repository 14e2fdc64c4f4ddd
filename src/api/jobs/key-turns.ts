import type { Keyspace } from '../../shared/queue/keyspace.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';

/** Counts the jobs under an Idempotency-Key that no longer bind it, by the id of the first. */
export interface KeyTurns {
  /** Returns the number kept last; 0 if none is. */
  read(firstJobId: string): Promise<number>;
  keep(firstJobId: string, turn: number): Promise<void>;
}

export interface KeyTurnsOptions {
  readonly redis: RedisConnection;
  readonly keys: Pick<Keyspace, 'turn'>;
  /** Longest time that a job can wait and run, s. */
  readonly deadlineSeconds: number;
  readonly retentionSeconds: number;
}

export function createKeyTurns({ redis, keys, ...limits }: KeyTurnsOptions): KeyTurns {
  // Longer than the job that it leads to and those before it are kept. Each use renews it. Clean-up can be late, hence the
  // second retention.
  const seconds = limits.deadlineSeconds + 2 * limits.retentionSeconds;
  return {
    read: async (jobId) => Number((await redis.getex(keys.turn(jobId), 'EX', seconds)) ?? 0),
    keep: async (jobId, turn) => void (await redis.set(keys.turn(jobId), turn, 'EX', seconds)),
  };
}
