import type { Job, Queue } from 'bullmq';
import type { FailedWebhook, FailedWebhooks, WebhookRetry } from '../contract/webhook-body.js';
import { VerificationError } from '../errors.js';
import { hostOf } from '../net/host-of.js';
import { isUnreadable } from '../redis/broken-records.js';
import type { RedisConnection } from '../redis/connect-redis.js';
import { type WebhookJob, webhookJobId, webhookJobSchema } from './webhook-job.js';

/** Codes with which BullMQ reports that a job does not exist, or is not in the required state. */
const MISSING_JOB = -1;
const WRONG_STATE = -3;
const WEBHOOK_ID_PREFIX = webhookJobId('');

/** Time of a failure, ms since 1970, and the id of its delivery. */
export const CURSOR_PATTERN = /^(\d{1,15})_(.{1,300})$/;

/** One page of the failed deliveries. */
export interface FailedPage {
  /** 1..100. */
  readonly limit: number;
  /** `next_cursor` of the previous page. */
  readonly cursor?: string | undefined;
}

/** Implements `WebhookQueue.listFailed`. */
export async function listFailed(
  { limit, cursor }: FailedPage,
  queue: Queue<WebhookJob>,
  redis: RedisConnection,
): Promise<FailedWebhooks> {
  const failedKey = queue.toKey('failed');
  const start = cursor === undefined ? 0 : await findStart(cursor, failedKey, redis);
  const listed = await redis.zrevrange(failedKey, start, start + limit, 'WITHSCORES');
  const ids = listed.filter((_text, index) => index % 2 === 0);
  const read = await Promise.all(ids.slice(0, limit).map((id) => readFailed(id, queue, redis)));
  // The cursor comes from the list, because the last job may have been removed since.
  const [last, failedAt] = ids.length > limit ? listed.slice(2 * limit - 2) : [];
  return {
    items: read.filter((item) => item !== undefined),
    ...(last === undefined ? {} : { next_cursor: `${Number(failedAt)}_${last}` }),
  };
}

/** Implements `WebhookQueue.retry`. */
export async function retryFailed(id: string, queue: Queue<WebhookJob>): Promise<WebhookRetry> {
  const webhookId = id.startsWith(WEBHOOK_ID_PREFIX) ? id : webhookJobId(id);
  const job = await queue.getJob(webhookId).catch((error) => {
    if (isUnreadable(error)) throw new VerificationError('webhook_not_found', { cause: error });
    throw error;
  });
  if (!job) throw new VerificationError('webhook_not_found');
  try {
    await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === MISSING_JOB) throw new VerificationError('webhook_not_found', { cause: error });
    if (code === WRONG_STATE) throw new VerificationError('webhook_not_failed', { cause: error });
    throw error;
  }
  return { id: webhookId, job_id: webhookId.slice(WEBHOOK_ID_PREFIX.length), status: 'pending' };
}

/** Returns the rank after the job in the cursor; if that job is gone, after everything that failed later. */
async function findStart(cursor: string, failedKey: string, redis: RedisConnection): Promise<number> {
  const [, failedAt, id] = CURSOR_PATTERN.exec(cursor) ?? [];
  if (failedAt === undefined || id === undefined)
    throw new VerificationError('invalid_request', { detail: 'cursor: is not one that this list gave.' });
  const rank = await redis.zrevrank(failedKey, id);
  return rank === null ? redis.zcount(failedKey, `(${failedAt}`, '+inf') : rank + 1;
}

/** An unreadable record is listed as such, so that it does not hide the others. */
async function readFailed(
  id: string,
  queue: Queue<WebhookJob>,
  redis: RedisConnection,
): Promise<FailedWebhook | undefined> {
  try {
    const job = await queue.getJob(id);
    return job && toFailedWebhook(job);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const failedAt = await redis.zscore(queue.toKey('failed'), id);
    return {
      id,
      job_id: id.slice(WEBHOOK_ID_PREFIX.length),
      host: '',
      attempts: 0,
      last_error: 'the record cannot be read',
      failed_at: new Date(Number(failedAt)).toISOString(),
    };
  }
}

function toFailedWebhook(job: Job<WebhookJob>): FailedWebhook {
  const payload = webhookJobSchema.safeParse(job.data);
  return {
    id: job.id ?? '',
    job_id: (job.id ?? '').slice(WEBHOOK_ID_PREFIX.length),
    host: hostOf(payload.data?.url),
    attempts: job.attemptsMade,
    last_error: job.failedReason ?? '',
    failed_at: new Date(job.finishedOn ?? job.timestamp).toISOString(),
  };
}
