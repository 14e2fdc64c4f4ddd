import { Queue } from 'bullmq';
import type { BatchView } from '../contract/batch-view.js';
import type { CallbackState, JobView } from '../contract/job-view.js';
import type {
  BatchWebhookBody,
  FailedWebhooks,
  WebhookBody,
  WebhookRetry,
} from '../contract/webhook-body.js';
import { JOB_VERSION } from '../queue/comparison-job.js';
import { createFairQueue, type FairQueue } from '../queue/fair-queue.js';
import type { Keyspace } from '../queue/keyspace.js';
import { MAX_STREAM_EVENTS } from '../queue/queue-settings.js';
import { removeForeignKey } from '../redis/broken-records.js';
import type { RedisConnection } from '../redis/connect-redis.js';
import { type FailedPage, listFailed, retryFailed } from './failed-webhooks.js';
import { WEBHOOK_QUEUE, type WebhookJob, webhookJobId } from './webhook-job.js';
import { webhookJobOptions } from './webhook-schedule.js';

/** The webhook of one comparison that has ended. */
export interface WebhookRequest {
  /** The final view of the job; the receiver gets it as it is. */
  readonly view: JobView;
  readonly url: string;
  readonly tenant: string;
}

/** The webhook of a batch whose jobs have all ended. */
export interface BatchWebhookRequest extends Omit<WebhookRequest, 'view'> {
  readonly view: BatchView;
}

/** The webhooks of comparisons and batches, one at most for each. Every call may reject while Redis is unavailable. */
export interface WebhookQueue {
  /** Queues the webhook of an ended job in fair order among tenants. Adding it again changes nothing. */
  add(request: WebhookRequest): Promise<void>;
  /** Does the same for a batch. */
  addBatch(request: BatchWebhookRequest): Promise<void>;
  /** Returns the state of the webhook of a job or batch; undefined if it has none or its record is no longer kept. */
  readState(jobId: string): Promise<CallbackState | undefined>;
  /** True while a record of the webhook is kept. */
  isKept(jobId: string): Promise<boolean>;
  /**
   * Returns deliveries that failed for good, newest first. Changes between two pages neither hide nor repeat entries.
   * @throws VerificationError `invalid_request` for a cursor that this list never returned.
   */
  listFailed(page: FailedPage): Promise<FailedWebhooks>;
  /**
   * Restarts the schedule of a failed delivery under the same webhook-id. `id`: a webhook-id or the id of a comparison.
   * @throws VerificationError `webhook_not_found`; `webhook_not_failed` if it waits, runs or was delivered.
   */
  retry(id: string): Promise<WebhookRetry>;
  /** Returns how many wait for their delivery or for the next attempt. */
  countWaiting(): Promise<number>;
  /** Removes a webhook in any state; false while it is being delivered. */
  erase(jobId: string): Promise<boolean>;
  /**
   * Removes the record of a webhook that was delivered or given up before `time`, ms since 1970. False if there is one that
   * was not.
   */
  eraseEnded(jobId: string, time: number): Promise<boolean>;
  /** Records in the fair order that a delivery of this priority has started. */
  noteStart(webhook: WebhookJob, priority: number): Promise<void>;
  /** The queue and the order behind it, for upkeep. */
  readonly queue: Queue<WebhookJob>;
  readonly order: Pick<FairQueue, 'enter' | 'tidy'>;
  close(): Promise<void>;
}

export interface WebhookQueueOptions {
  readonly redis: RedisConnection;
  /** Of the pack whose comparisons add webhooks here. The queue itself serves all packs. */
  readonly keys: Keyspace;
  readonly retentionSeconds: number;
  readonly onError: (error: unknown) => void;
}

/** Opens the queue of webhooks on a connection that the caller owns; the caller closes the queue. */
export function createWebhookQueue(options: WebhookQueueOptions): WebhookQueue {
  const {
    redis,
    keys: { prefix },
  } = options;
  const queue = new Queue<WebhookJob>(WEBHOOK_QUEUE, {
    connection: redis,
    prefix,
    streams: { events: { maxLen: MAX_STREAM_EVENTS } },
  });
  queue.on('error', options.onError);
  const order = createFairQueue(redis, prefix, WEBHOOK_QUEUE);
  return {
    add: (request) => addWebhook(describeJobEnd(request), request.url, { queue, order, options }),
    addBatch: (request) => addWebhook(describeBatchEnd(request), request.url, { queue, order, options }),
    readState: (jobId) => readState(queue, jobId),
    isKept: async (jobId) => (await redis.exists(queue.toKey(webhookJobId(jobId)))) === 1,
    listFailed: (page) => listFailed(page, queue, redis),
    retry: (id) => retryFailed(id, queue),
    countWaiting: () => queue.getJobCountByTypes('waiting', 'prioritized', 'delayed'),
    erase: async (jobId) => {
      const id = webhookJobId(jobId);
      return (await removeForeignKey(queue, id, redis)) || (await queue.remove(id)) === 1;
    },
    eraseEnded: async (jobId, time) => {
      const id = webhookJobId(jobId);
      const finishedOn = await redis.hget(queue.toKey(id), 'finishedOn');
      if (finishedOn !== null) return Number(finishedOn) < time && (await queue.remove(id)) === 1;
      return (await redis.exists(queue.toKey(id))) === 0;
    },
    noteStart: ({ job_id: jobId, tenant }, priority) => order.start(placeOf(jobId, tenant), priority),
    queue,
    order,
    close: () => queue.close(),
  };
}

/** No caller waits for a webhook. */
function placeOf(jobId: string, tenant: string) {
  return { jobId: webhookJobId(jobId), tenant, sync: false };
}

interface AddContext {
  readonly queue: Queue<WebhookJob>;
  readonly order: FairQueue;
  readonly options: WebhookQueueOptions;
}

function describeJobEnd({ view, tenant }: WebhookRequest): WebhookBody {
  const type = view.status === 'completed' ? 'comparison.completed' : 'comparison.failed';
  return { type, timestamp: view.finished_at ?? view.created_at, tenant, data: view };
}

function describeBatchEnd({ view, tenant }: BatchWebhookRequest): BatchWebhookBody {
  return { type: 'batch.completed', timestamp: view.finished_at ?? view.created_at, tenant, data: view };
}

async function addWebhook(
  body: WebhookBody | BatchWebhookBody,
  url: string,
  { queue, order, options }: AddContext,
): Promise<void> {
  const { tenant } = body;
  const jobId = body.type === 'batch.completed' ? body.data.batch_id : body.data.job_id;
  const payload: WebhookJob = {
    v: JOB_VERSION,
    job_id: jobId,
    tenant,
    model: options.keys.model,
    url,
    body: JSON.stringify(body),
  };
  const acceptedAt = Date.parse(body.timestamp);
  // An ended job gets its webhook however many are waiting.
  const limits = { maxOwn: Number.POSITIVE_INFINITY, maxAhead: Number.POSITIVE_INFINITY };
  const place = await order.enter({ ...placeOf(jobId, tenant), acceptedAt }, limits);
  if (!place.admitted) throw new Error('this is a bug: the order of webhooks has no limit');
  await queue.add('deliver', payload, {
    ...webhookJobOptions(options.retentionSeconds),
    jobId: webhookJobId(jobId),
    priority: place.priority,
  });
}

async function readState(queue: Queue<WebhookJob>, jobId: string): Promise<CallbackState | undefined> {
  const webhookId = webhookJobId(jobId);
  // State first: a delivery that fails for good between the two reads must not show as failed without a reason.
  const status = statusOf(await queue.getJobState(webhookId));
  const job = status && (await queue.getJob(webhookId));
  if (!job) return undefined;
  const lastError = status === 'delivered' ? undefined : job.failedReason;
  return { status, attempts: job.attemptsMade, ...(lastError ? { last_error: lastError } : {}) };
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
