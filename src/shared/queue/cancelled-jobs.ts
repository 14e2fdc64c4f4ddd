import type { JobView } from '../contract/job-view.js';
import { isUnreadable } from '../redis/broken-records.js';
import type { RedisConnection } from '../redis/connect-redis.js';
import { execAll } from '../redis/exec-all.js';
import { noteKept } from './kept-index.js';
import type { Keyspace } from './keyspace.js';

/** The record of a job that was taken out of the queue before it ran. */
export interface CancelledJob {
  readonly view: JobView;
  readonly tenant: string;
  /** Target of its webhook. Dropped when the webhook is queued. */
  readonly callback_url?: string;
}

export interface CancelledJobsOptions {
  readonly redis: RedisConnection;
  readonly keys: Keyspace;
  readonly retentionSeconds: number;
  /** Called for an unreadable record, which then counts as missing. Without it, `read` rejects. */
  readonly onUnreadable?: (jobId: string) => void;
}

/*
 * A cancellation has four steps: keep → remove from the queue → queue the webhook → conclude. A crash between any two leaves either the
 * job, which then continues and wins over its record, or a record that is listed as unfinished for the reconciler.
 */

/** The records of cancelled jobs of one model pack. */
export interface CancelledJobs {
  /** Keeps the record for as long as results are kept. `now`: ms since 1970. */
  keep(record: CancelledJob, now: number): Promise<void>;
  /** Records that nothing is left to do, and drops the callback URL. */
  conclude(record: CancelledJob): Promise<void>;
  read(jobId: string): Promise<CancelledJob | undefined>;
  /** Returns the ids of jobs whose cancellation started before `time` and was not concluded. */
  listUnfinished(time: number): Promise<readonly string[]>;
  /** Forgets that a cancellation was started. */
  drop(jobId: string): Promise<void>;
}

/** Returns the records kept at `redis`; the APIs and workers of a queue share them. */
export function createCancelledJobs(options: CancelledJobsOptions): CancelledJobs {
  const { redis, keys, retentionSeconds } = options;
  const unfinished = keys.cancelling;
  const write = (record: CancelledJob) =>
    redis.multi().set(keys.cancelled(record.view.job_id), JSON.stringify(record), 'EX', retentionSeconds);

  return {
    keep: async (record, now) => {
      const { view, tenant } = record;
      await noteKept({ jobId: view.job_id, tenant, endedAt: now }, options);
      await execAll(write(record).zadd(unfinished, now, record.view.job_id));
    },
    conclude: async ({ view, tenant }) => {
      await execAll(write({ view, tenant }).zrem(unfinished, view.job_id));
    },
    read: async (jobId) => {
      try {
        const text = await redis.get(keys.cancelled(jobId));
        return text === null ? undefined : (JSON.parse(text) as CancelledJob);
      } catch (error) {
        if (!options.onUnreadable || !isUnreadable(error)) throw error;
        options.onUnreadable(jobId);
        return undefined;
      }
    },
    listUnfinished: (time) => redis.zrangebyscore(unfinished, '-inf', time),
    drop: async (jobId) => void (await redis.zrem(unfinished, jobId)),
  };
}
