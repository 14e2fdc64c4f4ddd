import type { Job, Queue } from 'bullmq';
import type { BatchRecord } from '../../shared/batches/batch-store.js';
import { fillQueue } from '../../shared/batches/fill-queue.js';
import { ABANDONED, type ComparisonOutcome, readOutcome } from '../../shared/contract/comparison-outcome.js';
import type { Evidence } from '../../shared/contract/evidence.js';
import { type JobStatus, jobStatusOf } from '../../shared/contract/job-view.js';
import { type ComparisonJob, comparisonJobSchema } from '../../shared/queue/comparison-job.js';
import type { FairQueue, OrderedJob } from '../../shared/queue/fair-queue.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import { readOutcomeRecord } from '../../shared/queue/outcome-record.js';
import { parseJson } from '../../shared/queue/parse-json.js';
import { comparisonJobOptions, MAX_STREAM_EVENTS } from '../../shared/queue/queue-settings.js';
import { ReadableQueue } from '../../shared/queue/readable-queue.js';
import { isUnreadable, removeForeignKey } from '../../shared/redis/broken-records.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { eraseShadow } from '../../shared/shadow/shadow-queue.js';
import { removePhotos } from '../../shared/uploads/photo-store.js';
import { type IndexedJob, indexJobs, listUserJobs } from './index-jobs.js';

/** A job as Redis holds it. Times in ms since 1970. */
export interface StoredJob {
  readonly jobId: string;
  readonly payload: ComparisonJob;
  readonly state: 'queued' | 'active' | 'ended';
  readonly createdAt: number;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  readonly attempts: number;
  readonly outcome?: ComparisonOutcome | undefined;
}

/** The request that created a job. Empty if the record of the job cannot be read. */
export interface JobOrigin {
  /** As `ComparisonJob.request_digest`. */
  readonly digest: string;
  readonly requestId: string;
  /** ms since 1970. */
  readonly acceptedAt: number;
}

const originSchema = comparisonJobSchema.pick({ request_digest: true, request_id: true, accepted_at: true });

/** Returns the state of a job that may have ended, as callers see it. */
export function statusOf(job: StoredJob): JobStatus {
  return jobStatusOf(job.outcome, runningStateOf(job));
}

/** Returns the state of a job that has no outcome, as callers see it. */
export function runningStateOf({ state }: StoredJob): 'queued' | 'active' {
  return state === 'active' ? 'active' : 'queued';
}

/** True if a job with this status has not ended. */
export function isRunning(status: JobStatus): boolean {
  return status === 'queued' || status === 'active';
}

/** The comparisons of one model pack, as the API sees them. Every call can reject while Redis is unavailable. */
export interface JobQueue {
  /**
   * Adds the job with the priority from its FairQueue, or does nothing if its id exists already. Indexes it again; call `index`
   * first, so that a job that cannot be found for its person is not added.
   */
  add(jobId: string, payload: ComparisonJob, priority: number): Promise<void>;
  /** Lets `listUserJobs` find jobs that will be added. Rejects if any cannot be indexed. */
  index(jobs: readonly IndexedJob[]): Promise<void>;
  /** Adds the jobs of an accepted batch that are not in the queue yet; false if another program is doing it. */
  fill(batch: BatchRecord): Promise<boolean>;
  read(jobId: string): Promise<StoredJob | undefined>;
  /** Returns the request that created the job; undefined if there is no such job. */
  readOrigin(jobId: string): Promise<JobOrigin | undefined>;
  readEvidence(jobId: string): Promise<Evidence | undefined>;
  readReceipt(jobId: string): Promise<string | undefined>;
  /** Outcomes of the given jobs that have ended. */
  readOutcomes(jobIds: readonly string[]): Promise<ReadonlyMap<string, ComparisonOutcome>>;
  /** Takes a job out of the queue; `gone` if it does not exist, `busy` if it is running or has ended. */
  remove(jobId: string): Promise<'removed' | 'gone' | 'busy'>;
  /** Ids of all jobs of a person that may still be kept. */
  listUserJobs(tenant: string, userId: string): Promise<readonly string[]>;
  /** Removes everything that is kept of a queued or ended job; false while it runs. */
  erase(jobId: string, tenant: string): Promise<boolean>;
  forgetUser(tenant: string, userId: string): Promise<void>;
  /** Asks the worker that runs the job to stop it. */
  publishCancel(jobId: string): Promise<void>;
  countWaiting(): Promise<number>;
  /** Workers of this pack whose heartbeat is fresh at `now`. */
  countWorkers(now: number): Promise<number>;
  /** Jobs by state. `ended`: with an outcome, a decision or an error; `abandoned`: BullMQ gave them up. */
  countByState(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

export interface JobQueueOptions {
  readonly redis: RedisConnection;
  readonly keys: Keyspace;
  readonly retentionSeconds: number;
  /** Longest time that a job can wait and run, s. */
  readonly deadlineSeconds: number;
  /** Jobs that are taken out give up their place here. */
  readonly fairQueue: Pick<FairQueue, 'leave'>;
  readonly onError: (error: unknown) => void;
}

type ComparisonQueueJob = Job<ComparisonJob, ComparisonOutcome>;

/** The dependencies of every call: the queue and the names of the other keys. */
interface Store extends Omit<JobQueueOptions, 'onError'> {
  readonly queue: Queue<ComparisonJob, ComparisonOutcome>;
}

/** Opens the queue of one model pack on a connection that the caller owns. */
export function createJobQueue({ onError, ...options }: JobQueueOptions): JobQueue {
  const { redis, keys } = options;
  const queue = new ReadableQueue<ComparisonJob, ComparisonOutcome>(keys.queueName, {
    connection: redis,
    prefix: keys.prefix,
    streams: { events: { maxLen: MAX_STREAM_EVENTS } },
  });
  queue.on('error', onError);
  const store: Store = { ...options, queue };

  return {
    add: (jobId, payload, priority) => addJob(store, payload, { jobId, priority }),
    index: (jobs) => indexJobs(jobs, store),
    fill: (batch) => fillQueue(batch, store),
    read: (jobId) => readJob(store, jobId),
    readOrigin: async (jobId) => {
      const data = await redis.hget(queue.toKey(jobId), 'data');
      return data === null ? undefined : readOrigin(data);
    },
    readEvidence: async (jobId) => {
      const text = await redis.get(keys.evidence(jobId));
      return text === null ? undefined : (JSON.parse(text) as Evidence);
    },
    readReceipt: async (jobId) => (await redis.get(keys.receipt(jobId))) ?? undefined,
    readOutcomes: (jobIds) => readOutcomes(store, jobIds),
    remove: (jobId) => removeQueued(store, jobId),
    listUserJobs: (tenant, userId) => listUserJobs({ tenant, userId }, store),
    erase: (jobId, tenant) => eraseJob(store, jobId, tenant),
    forgetUser: async (tenant, userId) => void (await redis.del(keys.userJobs(tenant, userId))),
    publishCancel: async (jobId) => void (await redis.publish(keys.cancelChannel, jobId)),
    countWaiting: () => countWaiting(store),
    countWorkers: (now) => redis.zcount(keys.workers, String(now), '+inf'),
    countByState: async () => {
      const running = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active');
      const { completed = 0, failed = 0 } = await queue.getJobCounts('completed', 'failed');
      return { ...running, ended: completed, abandoned: failed };
    },
    close: () => queue.close(),
  };
}

function readOrigin(data: string): JobOrigin {
  const payload = originSchema.safeParse(parseJson(data));
  if (!payload.success) return { digest: '', requestId: '', acceptedAt: 0 };
  const { request_digest: digest, request_id: requestId, accepted_at: acceptedAt } = payload.data;
  return { digest, requestId, acceptedAt };
}

async function addJob(
  store: Store,
  payload: ComparisonJob,
  { jobId, priority }: { readonly jobId: string; readonly priority: number },
): Promise<void> {
  const opts = { ...comparisonJobOptions(payload, store.retentionSeconds), jobId, priority };
  // Redis receives both together: erasing the person forgets an index that was written earlier.
  await Promise.all([indexJobs([{ jobId, payload }], store), store.queue.add('compare', payload, opts)]);
}

async function readJob(store: Store, jobId: string): Promise<StoredJob | undefined> {
  // In this order, a job that ends in between is reported as running, and never as ended without a result.
  const state = await store.queue.getJobState(jobId);
  const job = await store.queue.getJob(jobId);
  if (!job) return undefined;
  return toStoredJob(job, state, await outcomeOf(store, job, state));
}

async function outcomeOf(
  store: Store,
  job: ComparisonQueueJob,
  state: string,
): Promise<ComparisonOutcome | undefined> {
  if (state === 'completed') return readOutcome(job.returnvalue);
  return state === 'failed' ? readGivenUp(store, job.id ?? '', job.data.accepted_at) : undefined;
}

/** A job that BullMQ gave up may have stored its outcome before it lost its last worker. */
async function readGivenUp(
  { redis, keys }: Store,
  jobId: string,
  acceptedAt: number,
): Promise<ComparisonOutcome> {
  return readOutcomeRecord(await redis.get(keys.outcome(jobId)), acceptedAt)?.outcome ?? ABANDONED;
}

async function readOutcomes(
  store: Store,
  jobIds: readonly string[],
): Promise<ReadonlyMap<string, ComparisonOutcome>> {
  const pipeline = store.redis.pipeline();
  for (const jobId of jobIds)
    pipeline.hmget(store.queue.toKey(jobId), 'finishedOn', 'returnvalue', 'timestamp');
  const replies = (await pipeline.exec()) ?? [];
  const outcomes = new Map<string, ComparisonOutcome>();
  for (const [index, [error, fields]] of replies.entries()) {
    const [finishedOn, returned, timestamp] = (error ? [] : fields) as (string | null)[];
    const jobId = jobIds[index];
    if (!finishedOn || !jobId) continue;
    // `addJob` sets the timestamp to the time of acceptance.
    const outcome = returned
      ? readOutcome(parseJson(returned))
      : await readGivenUp(store, jobId, Number(timestamp));
    outcomes.set(jobId, outcome);
  }
  return outcomes;
}

async function removeQueued(store: Store, jobId: string): Promise<'removed' | 'gone' | 'busy'> {
  const { queue, fairQueue } = store;
  const job = await queue.getJob(jobId);
  const state = await job?.getState();
  if (!job || state === 'unknown') return 'gone';
  if (state !== 'waiting' && state !== 'prioritized' && state !== 'delayed') return 'busy';
  // If a worker takes the job between the two calls, its lock makes the removal fail.
  if (!(await removeUnlessHeld(queue, jobId))) return 'busy';
  await removePhotos(jobId, job.data, store);
  await fairQueue.leave(orderOf(job));
  return 'removed';
}

async function eraseJob(store: Store, jobId: string, tenant: string): Promise<boolean> {
  const { queue, redis, keys, fairQueue } = store;
  const isForeign = await removeForeignKey(queue, jobId, redis);
  const job = isForeign ? undefined : await getReadable(queue, jobId);
  const gone = isForeign || (await removeUnlessHeld(queue, jobId));
  if (gone && job) await fairQueue.leave(orderOf(job));
  if (!gone) return false;
  if (job) await removePhotos(jobId, job.data, store);
  // Its worker hears of it where it would also hear of a cancellation.
  if (await eraseShadow(jobId, store)) await redis.publish(keys.cancelChannel, jobId);
  await redis.del(keys.evidence(jobId), keys.receipt(jobId), keys.outcome(jobId), keys.cancelled(jobId));
  await redis.zrem(keys.kept(tenant), jobId);
  return true;
}

function orderOf({ id: jobId = '', data: { tenant, sync } }: ComparisonQueueJob): OrderedJob {
  return { jobId, tenant, sync };
}

/** An unreadable job does not say which place in the order is its; the reconciler cleans that up. */
async function getReadable(queue: Store['queue'], jobId: string): Promise<ComparisonQueueJob | undefined> {
  try {
    return await queue.getJob(jobId);
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** Removes a job, readable or not; false if a worker holds it. */
async function removeUnlessHeld(queue: Store['queue'], jobId: string): Promise<boolean> {
  return (await queue.remove(jobId)) === 1;
}

async function countWaiting({ queue }: Store): Promise<number> {
  const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed');
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** `state`: as BullMQ names it. */
function toStoredJob(
  job: ComparisonQueueJob,
  state: string,
  outcome: ComparisonOutcome | undefined,
): StoredJob {
  const payload = comparisonJobSchema.safeParse(job.data);
  return {
    jobId: job.id ?? '',
    payload: payload.success ? payload.data : job.data,
    state: outcome ? 'ended' : state === 'active' ? 'active' : 'queued',
    createdAt: job.timestamp,
    startedAt: job.processedOn,
    finishedAt: outcome ? job.finishedOn : undefined,
    attempts: job.attemptsStarted,
    ...(outcome ? { outcome } : {}),
  };
}
