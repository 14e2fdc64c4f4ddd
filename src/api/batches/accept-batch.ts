import { hash } from 'node:crypto';
import { batchJobId, randomBatchId } from '../../shared/batches/batch-id.js';
import type { BatchRecord, BatchStore } from '../../shared/batches/batch-store.js';
import { VerificationError } from '../../shared/errors.js';
import type { OrderedJobs } from '../../shared/queue/fair-queue.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { CallerRules } from '../access/access.js';
import {
  type Caller,
  chooseTimes,
  forgetUploads,
  type JobDraft,
  type PreparedJob,
  type SubmitDependencies,
  writeTimeOf,
} from '../jobs/submit-job.js';
import { withQueue } from '../jobs/with-queue.js';
import { createBreaks } from './take-breaks.js';

/** Lines staged in one exchange with Redis. */
const LINES_AT_A_TIME = 50;

export interface AcceptDependencies extends Omit<SubmitDependencies, 'keys'> {
  readonly keys: Pick<Keyspace, 'idempotentBatchId' | 'idempotentJobId'>;
  readonly batches: BatchStore;
  readonly logger: Logger;
}

/** A batch whose requests have been checked. */
export interface CheckedBatch {
  readonly drafts: readonly JobDraft[];
  /** Where its end is reported. */
  readonly callbackUrl: string | undefined;
  /** True if the request named it: a repeated request is the same although the default has changed since. */
  readonly namesCallback: boolean;
}

export interface AcceptedBatch {
  readonly batchId: string;
  readonly total: number;
  /** True if the request joined the batch of its Idempotency-Key. */
  readonly isReplayed: boolean;
}

/**
 * Puts all jobs of a batch into the queue, or none. The batch exists from the moment in which it is committed; if this
 * process dies after that, a worker moves the rest of its lines into the queue.
 * @throws VerificationError `overloaded` if the queue has no room for all of them; `idempotency_conflict`,
 * `queue_unavailable`.
 */
export async function acceptBatch(
  checked: CheckedBatch,
  caller: Caller,
  deps: AcceptDependencies,
): Promise<AcceptedBatch> {
  const { redis, batches, keys } = deps;
  const { tenant, idempotencyKey: key } = caller;
  const batchId = key === undefined ? randomBatchId() : keys.idempotentBatchId(tenant, key);
  const digest = digestOf(checked);
  const existing = key === undefined ? undefined : await withQueue(redis, () => batches.read(batchId));
  if (existing) return join(existing, digest, deps);

  const times = await chooseTimes(false, deps);
  const jobs: readonly PreparedJob[] = checked.drafts.map(({ payload, uploads }, index) => ({
    jobId: batchJobId({ batchId, place: index + 1 }),
    payload: { ...payload, ...times },
    uploads,
  }));
  const jobIds = jobs.map(({ jobId }) => jobId);
  const { queueWeight: weight } = caller.rules;
  const row: OrderedJobs = { jobIds, tenant, sync: false, acceptedAt: times.accepted_at, weight };
  const facts = { batchId, tenant, weight, total: jobs.length, createdAt: times.accepted_at, digest };
  await reserveMemory(jobs, deps);
  const priority = await enterOrder({ row, jobs }, caller.rules, deps);
  const record = { ...facts, callbackUrl: checked.callbackUrl, priority };
  if (!(await commitOrLeave({ record, jobs, row: key === undefined ? row : undefined }, deps))) {
    const first = await withQueue(redis, () => batches.read(batchId));
    if (!first) throw new Error('this is a bug: a batch that exists cannot be read');
    return join(first, digest, deps);
  }
  deps.backlog.recordAdd(jobs.length);
  await fill(record, deps);
  return { batchId, total: record.total, isReplayed: false };
}

/** Differs if a request of the batch, its order or the callback that it names differs. */
function digestOf({ drafts, callbackUrl, namesCallback }: CheckedBatch): string {
  const parts = drafts.map(({ payload }) => [payload.request_digest, payload.ref]);
  return hash('sha256', JSON.stringify([namesCallback ? callbackUrl : undefined, parts]));
}

/** The digest is gone if a person of the batch was erased; then any body joins it. */
async function join(existing: BatchRecord, digest: string, deps: AcceptDependencies): Promise<AcceptedBatch> {
  if (existing.digest !== undefined && existing.digest !== digest)
    throw new VerificationError('idempotency_conflict');
  await fill(existing, deps);
  return { batchId: existing.batchId, total: existing.total, isReplayed: true };
}

/**
 * Reserves memory for all photos of a batch. First, because a batch that has no room for them must not touch the order.
 * @throws VerificationError `overloaded`.
 */
async function reserveMemory(jobs: readonly PreparedJob[], deps: AcceptDependencies): Promise<void> {
  const { redis, uploadStore } = deps;
  try {
    for (const job of jobs)
      if (job.uploads.size > 0) await withQueue(redis, async () => uploadStore?.reserve(job));
  } catch (error) {
    dropPhotos(jobs, deps);
    throw error;
  }
}

/** Returns the place of the first job. @throws VerificationError `overloaded`. */
async function enterOrder(
  { row, jobs }: Pick<NewBatch, 'jobs'> & { readonly row: OrderedJobs },
  { queueShare: share }: CallerRules,
  deps: AcceptDependencies,
): Promise<number> {
  const { redis, fairQueue, backlog } = deps;
  try {
    const place = await withQueue(redis, async () =>
      fairQueue.enterAll(row, await backlog.limitsFor({ sync: false, share, count: row.jobIds.length })),
    );
    if (!place.admitted) throw backlog.refusal(place);
    return place.priority;
  } catch (error) {
    dropPhotos(jobs, deps);
    throw error;
  }
}

interface NewBatch {
  readonly record: BatchRecord;
  readonly jobs: readonly PreparedJob[];
  /** Its places in the order; undefined under an Idempotency-Key: then another request can hold the same ones. */
  readonly row: OrderedJobs | undefined;
}

/** Returns false if the batch exists already. */
async function commitOrLeave({ record, jobs, row }: NewBatch, deps: AcceptDependencies): Promise<boolean> {
  const { redis, queue, batches, fairQueue, uploadStore } = deps;
  try {
    const staging = await stageAll(jobs, deps);
    // The index again together with the batch: erasing a person in between forgets it.
    const [isFirst] = await withQueue(redis, () => {
      const before = [queue.index(jobs), ...jobs.map((job) => uploadStore?.keep(job))];
      return Promise.all([batches.commit(staging, record), ...before]);
    });
    if (!isFirst) dropPhotos(jobs, deps);
    return isFirst;
  } catch (error) {
    // Otherwise, or if Redis is unavailable, the reconciler frees the places later.
    if (row) void fairQueue.leaveAll(row).catch(() => undefined);
    throw error;
  }
}

/** Stages everything of a batch, so that all data of its persons can be found, and returns the name under which it lies. */
async function stageAll(jobs: readonly PreparedJob[], deps: AcceptDependencies): Promise<string> {
  const { redis, queue, batches, uploadStore } = deps;
  const staging = batches.openStaging();
  const pause = createBreaks();
  try {
    for (let index = 0; index < jobs.length; index += LINES_AT_A_TIME) {
      await stage(staging, { jobs: jobs.slice(index, index + LINES_AT_A_TIME), place: index + 1 }, deps);
      await pause();
    }
    await withQueue(redis, () =>
      Promise.all([queue.index(jobs), ...jobs.map((job) => uploadStore?.renew(job))]),
    );
    return staging;
  } catch (error) {
    // Not after a commit without an answer: the jobs may need them.
    dropPhotos(jobs, deps);
    throw error;
  }
}

interface Slice {
  readonly jobs: readonly PreparedJob[];
  /** Of the first one. */
  readonly place: number;
}

async function stage(staging: string, { jobs, place }: Slice, deps: AcceptDependencies): Promise<void> {
  const { redis, batches, uploadStore } = deps;
  for (const job of jobs) {
    if (job.uploads.size === 0) continue;
    await withQueue(redis, async () => uploadStore?.write(job), writeTimeOf(job.uploads));
    forgetUploads(job.uploads);
  }
  const lines = jobs.map(({ payload }) => JSON.stringify(payload));
  await withQueue(redis, () => batches.stage(staging, place, lines));
}

/** Removes the photos of jobs that are not added. If Redis is unavailable, they expire, or a worker removes them. */
function dropPhotos(jobs: readonly PreparedJob[], { uploadStore }: AcceptDependencies): void {
  const removeAll = async (): Promise<void> => {
    for (const job of jobs) if (job.payload.upload_id !== undefined) await uploadStore?.remove(job);
  };
  void removeAll().catch(() => undefined);
}

/** The batch is accepted, whatever happens here: a worker does the rest. */
async function fill(batch: BatchRecord, { queue, logger }: AcceptDependencies): Promise<void> {
  await queue
    .fill(batch)
    .catch((error) => logger.warn({ err: error, batch_id: batch.batchId }, 'a worker will queue the batch'));
}
