import type { Job, Queue } from 'bullmq';
import type {
  CallbackState,
  FailedWebhook,
  FailedWebhooks,
  WebhookRetry,
} from '../../shared/contract/contract.js';
import { VerificationError } from '../../shared/errors.js';
import { type WebhookJob, webhookJobId, webhookJobSchema } from '../../shared/queue/queue-contract.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { isUnreadable } from '../../shared/webhooks/webhook-queue.js';

/** Codes by which BullMQ says that a job is not there, or not in the state it was asked for in. */
const MISSING_JOB = -1;
const WRONG_STATE = -3;
const WEBHOOK_ID_PREFIX = webhookJobId('');

/** The connection the queue runs on, and the queue. */
export interface WebhookDeliveries {
  readonly redis: RedisConnection;
  readonly webhookQueue: Queue<WebhookJob>;
}

/** Which part of the dead letters to list. */
export interface FailedPage {
  /** 1..100. */
  readonly limit: number;
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** Returns how far the webhook of comparison `jobId` has come, or undefined when it has none or it is no longer kept. */
export async function readCallbackState(
  queue: Queue<WebhookJob>,
  jobId: string,
): Promise<CallbackState | undefined> {
  const webhookId = webhookJobId(jobId);
  // First the state: a delivery that is given up between the two must not show as failed without its reason.
  const status = statusOf(await queue.getJobState(webhookId));
  const job = status && (await queue.getJob(webhookId));
  if (!job) return undefined;
  const lastError = status === 'delivered' ? undefined : job.failedReason;
  return { status, attempts: job.attemptsMade, ...(lastError ? { last_error: lastError } : {}) };
}

/**
 * Returns deliveries that were given up, newest first. Those that fail or are replayed while somebody pages neither
 * hide nor repeat others.
 * @throws VerificationError `invalid_request` when the cursor is none of ours.
 */
export async function listFailedWebhooks(
  page: FailedPage,
  { redis, webhookQueue }: WebhookDeliveries,
): Promise<FailedWebhooks> {
  const failedKey = webhookQueue.toKey('failed');
  const start = page.cursor === undefined ? 0 : await findStart(page.cursor, failedKey, redis);
  const listed = await redis.zrevrange(failedKey, start, start + page.limit, 'WITHSCORES');
  const ids = listed.filter((_text, index) => index % 2 === 0);
  const read = await Promise.all(
    ids.slice(0, page.limit).map((id) => readFailed(id, { redis, webhookQueue })),
  );
  // Read with the list: the last one may be gone by now.
  const [last, failedAt] = ids.length > page.limit ? listed.slice(2 * page.limit - 2) : [];
  return {
    items: read.filter((item) => item !== undefined),
    ...(last === undefined ? {} : { next_cursor: `${Number(failedAt)}_${last}` }),
  };
}

/**
 * Starts the schedule of a delivery that was given up anew, under the same webhook-id. `id`: the webhook-id or the id
 * of the comparison.
 * @throws VerificationError `webhook_not_found`; `webhook_not_failed` when it waits, runs or has been delivered.
 */
export async function retryWebhook(id: string, webhookQueue: Queue<WebhookJob>): Promise<WebhookRetry> {
  const webhookId = id.startsWith(WEBHOOK_ID_PREFIX) ? id : webhookJobId(id);
  const job = await webhookQueue.getJob(webhookId).catch((error) => {
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

/** Rank after the job the cursor names; when that one is gone, after everything that failed later than it. */
async function findStart(cursor: string, failedKey: string, redis: RedisConnection): Promise<number> {
  const [, failedAt, id] = /^(\d{1,15})_(.{1,300})$/.exec(cursor) ?? [];
  if (failedAt === undefined || id === undefined)
    throw new VerificationError('invalid_request', { detail: 'cursor: is not one that this list gave.' });
  const rank = await redis.zrevrank(failedKey, id);
  return rank === null ? redis.zcount(failedKey, `(${failedAt}`, '+inf') : rank + 1;
}

/** One that cannot be read is listed as such; it must not hide the others. */
async function readFailed(id: string, deliveries: WebhookDeliveries): Promise<FailedWebhook | undefined> {
  const { redis, webhookQueue } = deliveries;
  try {
    const job = await webhookQueue.getJob(id);
    return job && toFailedWebhook(job);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const failedAt = await redis.zscore(webhookQueue.toKey('failed'), id);
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
  const url = payload.success ? (payload.data.url ?? '') : '';
  return {
    id: job.id ?? '',
    job_id: (job.id ?? '').slice(WEBHOOK_ID_PREFIX.length),
    host: URL.canParse(url) ? new URL(url).host : '',
    attempts: job.attemptsMade,
    last_error: job.failedReason ?? '',
    failed_at: new Date(job.finishedOn ?? job.timestamp).toISOString(),
  };
}

function statusOf(state: string): CallbackState['status'] | undefined {
  switch (state) {
    case 'completed':
      return 'delivered';
    case 'failed':
      return 'failed';
    case 'active':
      return 'delivering';
    case 'unknown':
      return undefined;
    default:
      return 'pending';
  }
}
