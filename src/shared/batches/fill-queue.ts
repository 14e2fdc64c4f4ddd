import { randomUUID } from 'node:crypto';
import type { Queue } from 'bullmq';
import type { ComparisonJob } from '../queue/comparison-job.js';
import { priorityOf } from '../queue/fair-queue.js';
import { parseJson } from '../queue/parse-json.js';
import { comparisonJobOptions } from '../queue/queue-settings.js';
import { batchJobId } from './batch-id.js';
import type { BatchRecord, BatchStoreOptions } from './batch-store.js';

/** Lines moved in one step. A step occupies the program and Redis for a few milliseconds. */
const LINES_AT_A_TIME = 25;
/** Time after which another program takes over, ms; each step renews it. */
const LOCK_MS = 5_000;

/** Both only for the holder of the lock. KEYS: lock. ARGV: token, and the time for which it is renewed, ms. */
const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;
const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

export interface FillDependencies extends BatchStoreOptions {
  readonly queue: Pick<Queue, 'addBulk'>;
}

/**
 * Moves the lines of a committed batch into the queue, where they keep the places that the fair order gave them. Safe to
 * repeat after a crash, because the queue adds an id once. Returns false if another program is doing it, also since this one
 * stalled: its jobs may have been cancelled meanwhile, and would come back.
 */
export async function fillQueue(batch: BatchRecord, deps: FillDependencies): Promise<boolean> {
  const { redis, keys, queue } = deps;
  const linesKey = keys.batchLines(batch.batchId);
  const lockKey = keys.batchFilling(batch.batchId);
  const token = randomUUID();
  if ((await redis.set(lockKey, token, 'PX', LOCK_MS, 'NX')) !== 'OK') return false;
  const places = (await redis.hkeys(linesKey)).map(Number).sort((left, right) => left - right);
  for (let index = 0; index < places.length; index += LINES_AT_A_TIME) {
    const slice = places.slice(index, index + LINES_AT_A_TIME);
    const fields = slice.map(String);
    const askedAt = performance.now();
    const [isHolder, texts] = await Promise.all([
      redis.eval(RENEW, 1, lockKey, token, LOCK_MS),
      redis.hmget(linesKey, ...fields),
    ]);
    if (isHolder !== 1 || performance.now() - askedAt > LOCK_MS / 2) return false;
    await queue.addBulk(slice.flatMap((place, nth) => toJob({ batch, place, text: texts[nth] }, deps)));
    // Not a pipeline, which would hide that a line was not dropped.
    await redis.hdel(linesKey, ...fields);
  }
  await redis.eval(RELEASE, 1, lockKey, token);
  return true;
}

interface Line {
  readonly batch: BatchRecord;
  readonly place: number;
  readonly text: string | null | undefined;
}

/** A line that is gone or cannot be read makes no job. */
function toJob({ batch, place, text }: Line, { retentionSeconds }: FillDependencies) {
  const payload = text && (parseJson(text) as ComparisonJob | undefined);
  if (!payload) return [];
  const opts = {
    ...comparisonJobOptions(payload, retentionSeconds),
    jobId: batchJobId({ batchId: batch.batchId, place }),
    priority: priorityOf(place - 1, batch),
  };
  return [{ name: 'compare', data: payload, opts }];
}
