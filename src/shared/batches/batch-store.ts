import { randomUUID } from 'node:crypto';
import type { BatchJobState } from '../contract/batch-view.js';
import type { ComparisonJob } from '../queue/comparison-job.js';
import type { Keyspace } from '../queue/keyspace.js';
import { parseJson } from '../queue/parse-json.js';
import { MAX_STREAM_EVENTS } from '../queue/queue-settings.js';
import type { RedisConnection } from '../redis/connect-redis.js';
import { execAll } from '../redis/exec-all.js';
import { batchJobId, batchPlaceOf } from './batch-id.js';
import { COMMIT, CONCLUDE, NOTE_ENDED, READ_STATES } from './batch-scripts.js';

// States of a batch:
//   staged → committed → filled → finished → concluded
// Staged lines expire on their own: a batch exists once it is committed, in one step. Then its lines are moved into the
// queue, where they are ordinary jobs. Each job that ends is taken off the places left; the last one finishes the batch,
// which queues its webhook and concludes it. Every step can be repeated, and the reconciler of the workers repeats those
// that a crash prevented.

/** Time in which staged lines must be committed, s. */
export const STAGING_SECONDS = 120;
/** Jobs whose states are read in one step: it occupies Redis for a millisecond. */
const STATES_AT_A_TIME = 250;

/** A committed batch. Holds nothing of a person: their lines are in the jobs. Times in ms since 1970. */
export interface BatchRecord {
  readonly batchId: string;
  readonly tenant: string;
  readonly total: number;
  readonly createdAt: number;
  /** Place in the fair order of its first job. */
  readonly priority: number;
  /** As in `OrderedJobs`. */
  readonly weight: number;
  /** SHA-256 of all lines. Dropped when one of its persons is erased. */
  readonly digest?: string | undefined;
  /** Target of its webhook. Dropped when the webhook is queued. */
  readonly callbackUrl?: string | undefined;
  readonly finishedAt?: number | undefined;
}

export interface BatchStoreOptions {
  readonly redis: RedisConnection;
  readonly keys: Keyspace;
  readonly retentionSeconds: number;
}

/** The batches of one model pack; its APIs and workers share them. Every call can reject while Redis is unavailable. */
export interface BatchStore {
  /** Returns a name under which lines can be staged. */
  openStaging(): string;
  /** Stages lines, JSON texts of job payloads, from this place on. Staging them again changes nothing. */
  stage(staging: string, firstPlace: number, lines: readonly string[]): Promise<void>;
  /** Makes a batch of the staged lines; false if the batch exists already. */
  commit(staging: string, record: BatchRecord): Promise<boolean>;
  read(batchId: string): Promise<BatchRecord | undefined>;
  /** Returns the states of its jobs by place. */
  readStates(batch: Pick<BatchRecord, 'batchId' | 'total'>): Promise<readonly BatchJobState[]>;
  /** Returns the payload of a job of an accepted batch while it is not in the queue yet. */
  readLine(jobId: string): Promise<ComparisonJob | undefined>;
  /** True if lines of the batch are not in the queue yet. */
  hasLines(batchId: string): Promise<boolean>;
  /** Notes that jobs have ended or are no longer kept; true if these were the last ones of the batch. */
  noteEnded(batchId: string, places: readonly number[]): Promise<boolean>;
  /** Returns the time at which the batch finished: that of the first call. */
  finish(batchId: string, now: number): Promise<number>;
  conclude(batchId: string): Promise<void>;
  /** Forgets what the lines of a batch were, because a person among them is erased. */
  dropDigest(batchId: string): Promise<void>;
  /** Ids of batches that were committed before `time` and are not concluded. */
  listOpen(time: number): Promise<readonly string[]>;
  /** Forgets a batch that does not exist. */
  drop(batchId: string): Promise<void>;
  /** Those of the batches that are finished. */
  listFinished(batchIds: readonly string[]): Promise<readonly string[]>;
}

/** Returns the batches that are kept at `redis`. */
export function createBatchStore(options: BatchStoreOptions): BatchStore {
  const { redis, keys } = options;
  return {
    openStaging: () => keys.batchStaging(randomUUID()),
    stage: async (staging, firstPlace, lines) => {
      const fields = lines.flatMap((line, index) => [firstPlace + index, line]);
      await execAll(
        redis
          .multi()
          .hset(staging, ...fields)
          .expire(staging, STAGING_SECONDS),
      );
    },
    commit: (staging, record) => commit(staging, record, options),
    read: async (batchId) => toRecord(batchId, await redis.hgetall(keys.batch(batchId))),
    readStates: (batch) => readStates(batch, options),
    readLine: async (jobId) => {
      const job = batchPlaceOf(jobId);
      const text = job && (await redis.hget(keys.batchLines(job.batchId), String(job.place)));
      return text ? (parseJson(text) as ComparisonJob | undefined) : undefined;
    },
    hasLines: async (batchId) => (await redis.exists(keys.batchLines(batchId))) === 1,
    noteEnded: async (batchId, places) => {
      if (places.length === 0) return false;
      const [ended, left] = (await redis.eval(NOTE_ENDED, 1, keys.batchLeft(batchId), ...places)) as [
        number,
        number,
      ];
      return ended > 0 && left === 0;
    },
    finish: async (batchId, now) => {
      await redis.hsetnx(keys.batch(batchId), 'finished_at', now);
      return Number(await redis.hget(keys.batch(batchId), 'finished_at'));
    },
    conclude: async (batchId) => {
      const own = [keys.batch(batchId), keys.batchLeft(batchId), keys.batchLines(batchId)];
      const at = [...own, keys.openBatches, keys.queueEvents];
      await redis.eval(CONCLUDE, at.length, ...at, batchId, options.retentionSeconds, MAX_STREAM_EVENTS);
    },
    dropDigest: async (batchId) => void (await redis.hdel(keys.batch(batchId), 'digest')),
    listOpen: (time) => redis.zrangebyscore(keys.openBatches, '-inf', time),
    drop: async (batchId) => void (await redis.zrem(keys.openBatches, batchId)),
    listFinished: async (batchIds) => {
      const pipeline = redis.pipeline();
      for (const batchId of batchIds) pipeline.hexists(keys.batch(batchId), 'finished_at');
      const replies = (await pipeline.exec()) ?? [];
      return batchIds.filter((_id, index) => replies[index]?.[1] === 1);
    },
  };
}

async function commit(
  staging: string,
  record: BatchRecord,
  { redis, keys }: BatchStoreOptions,
): Promise<boolean> {
  const { batchId, callbackUrl } = record;
  const at = [
    keys.batch(batchId),
    staging,
    keys.batchLines(batchId),
    keys.batchLeft(batchId),
    keys.openBatches,
  ];
  const fields = {
    tenant: record.tenant,
    priority: record.priority,
    weight: record.weight,
    digest: record.digest ?? '',
    ...(callbackUrl === undefined ? {} : { callback_url: callbackUrl }),
  };
  const args = [batchId, record.total, record.createdAt, ...Object.entries(fields).flat()];
  return (await redis.eval(COMMIT, at.length, ...at, ...args)) === 1;
}

function toRecord(batchId: string, fields: Readonly<Record<string, string>>): BatchRecord | undefined {
  const { tenant, total, created_at: createdAt, priority, finished_at: finishedAt } = fields;
  if (tenant === undefined) return undefined;
  return {
    batchId,
    tenant,
    total: Number(total),
    createdAt: Number(createdAt),
    priority: Number(priority),
    // Batches of earlier versions have none.
    weight: Number(fields.weight ?? 1),
    digest: fields.digest,
    callbackUrl: fields.callback_url,
    finishedAt: finishedAt === undefined ? undefined : Number(finishedAt),
  };
}

async function readStates(
  { batchId, total }: Pick<BatchRecord, 'batchId' | 'total'>,
  { redis, keys }: BatchStoreOptions,
): Promise<readonly BatchJobState[]> {
  const at = [keys.batchLines(batchId), keys.activeJobs];
  // Ends in a hyphen, before the place.
  const start = batchJobId({ batchId, place: 0 }).slice(0, -1);
  const starts = [keys.job(start), keys.cancelled(start), keys.outcome(start)];
  const states: BatchJobState[] = [];
  for (let first = 1; first <= total; first += STATES_AT_A_TIME) {
    const last = Math.min(total, first + STATES_AT_A_TIME - 1);
    const args = [...at, ...starts, batchId, first, last];
    states.push(...((await redis.eval(READ_STATES, at.length, ...args)) as BatchJobState[]));
  }
  return states;
}
