import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAccess } from '../../src/api/access/access.js';
import { type AcceptDependencies, acceptBatch } from '../../src/api/batches/accept-batch.js';
import { streamResults } from '../../src/api/batches/stream-results.js';
import { createBacklog } from '../../src/api/capacity/backlog.js';
import { cancelJob } from '../../src/api/jobs/cancel-job.js';
import { createJobQueue, type JobQueue } from '../../src/api/jobs/job-queue.js';
import { createKeyTurns } from '../../src/api/jobs/key-turns.js';
import { findJobView } from '../../src/api/jobs/read-job-view.js';
import { batchJobId } from '../../src/shared/batches/batch-id.js';
import { type BatchRecord, type BatchStore, createBatchStore } from '../../src/shared/batches/batch-store.js';
import { finishBatch, noteBatchJobEnded } from '../../src/shared/batches/end-batch.js';
import { fillQueue } from '../../src/shared/batches/fill-queue.js';
import { loadApiConfig } from '../../src/shared/config/config.js';
import type { BatchJobState } from '../../src/shared/contract/batch-view.js';
import type { ComparisonOutcome } from '../../src/shared/contract/comparison-outcome.js';
import { createCancelledJobs } from '../../src/shared/queue/cancelled-jobs.js';
import { createFairQueue } from '../../src/shared/queue/fair-queue.js';
import { createKeyspace } from '../../src/shared/queue/keyspace.js';
import { writeOutcomeRecord } from '../../src/shared/queue/outcome-record.js';
import { createLogger } from '../../src/shared/runtime/logger.js';
import { webhookJobId } from '../../src/shared/webhooks/webhook-job.js';
import { createWebhookQueue, type WebhookQueue } from '../../src/shared/webhooks/webhook-queue.js';
import { startReconciler } from '../../src/worker/upkeep/reconcile.js';
import { comparisonJob } from '../support/builders/comparison-job.js';
import { type OpenQueues, openQueues } from '../support/servers/open-queues.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

const KEYS = createKeyspace({ prefix: '{face}', model: 'lite' });
const TENANT = 'anonymous';
const BATCH_ID = `b_${'0123456789abcdef'.repeat(2)}`;
const MATCHED: ComparisonOutcome = { ok: true, matched: true };
const FAILED: ComparisonOutcome = { ok: false, code: 'face_not_found', detail: 'No.', retryable: false };
const STOPPED: ComparisonOutcome = { ok: false, code: 'job_cancelled', detail: 'No.', retryable: false };

let server: RedisServer;
let redis: Redis;
let queues: OpenQueues;
let queue: JobQueue;
let webhooks: WebhookQueue;
let batches: BatchStore;
let deps: ReturnType<typeof createDependencies>;
let counted: string[];

function createDependencies() {
  const settings = { redis, keys: KEYS, retentionSeconds: 60 };
  const onError = (): void => undefined;
  const fairQueue = createFairQueue(redis, KEYS.prefix, KEYS.queueName);
  const clock = { isSynchronised: () => true, now: Date.now, synchronise: async () => undefined };
  return {
    ...settings,
    fairQueue,
    clock,
    logger: createLogger('test', 'silent'),
    queue: createJobQueue({ ...settings, fairQueue, deadlineSeconds: 60, onError }),
    webhooks: createWebhookQueue({ ...settings, onError }),
    cancelledJobs: createCancelledJobs(settings),
    batches: createBatchStore(settings),
    maxKeptResults: 1_000,
    retentionOf: () => undefined,
    count: (what: string) => void counted.push(what),
  };
}

beforeAll(async () => {
  server = await startRedis(['--appendonly', 'no']);
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  queues = openQueues(server.url);
  deps = createDependencies();
  ({ queue, webhooks, batches } = deps);
});

beforeEach(async () => {
  await redis.flushall();
  counted = [];
});

afterAll(async () => {
  await queue?.close();
  await webhooks?.close();
  await queues?.close();
  redis?.disconnect();
  await server?.stop();
});

/** The dependencies of an API that accepts batches. */
function accepting(): AcceptDependencies {
  return {
    ...deps,
    model: KEYS.model,
    turns: createKeyTurns({ redis, keys: KEYS, deadlineSeconds: 60, retentionSeconds: 60 }),
    backlog: createBacklog({
      countWaiting: queue.countWaiting,
      maxDepth: 100,
      maxSyncWaitMs: 1_000,
    }),
    workers: { requireWorker: async () => undefined },
    calibration: null,
    settings: {
      webhookOnSync: false,
      canIssueReceipts: false,
      syncWaitMs: 1_000,
      jobDeadlineMs: 60_000,
    },
    uploadStore: undefined,
  };
}

const jobIdOf = (place: number) => batchJobId({ batchId: BATCH_ID, place });

interface Accepted {
  readonly total: number;
  readonly createdAt?: number;
  readonly callbackUrl?: string;
}

/** Commits a batch of this many lines, as an API does before it fills the queue. */
async function commit({ total, createdAt = Date.now(), callbackUrl }: Accepted): Promise<BatchRecord> {
  const staging = batches.openStaging();
  const lines = Array.from({ length: total }, (_, index) =>
    JSON.stringify(comparisonJob({ ref: `ref-${index + 1}`, accepted_at: createdAt })),
  );
  await batches.stage(staging, 1, lines);
  const record = {
    batchId: BATCH_ID,
    tenant: TENANT,
    total,
    createdAt,
    digest: 'd',
    priority: 1_001,
    weight: 1,
    callbackUrl,
  };
  expect(await batches.commit(staging, record)).toBe(true);
  return record;
}

async function accept(accepted: Accepted): Promise<BatchRecord> {
  const record = await commit(accepted);
  expect(await queue.fill(record)).toBe(true);
  return record;
}

/** Ends the job that waits first, as a worker does that dies right after. */
const endNext = (outcome: ComparisonOutcome) => queues.endWaitingJob(outcome);

/** Runs the reconciler as it would run a minute later. */
async function reconcile(): Promise<void> {
  const clock = { ...deps.clock, now: () => Date.now() + 60_000 };
  const reconciler = startReconciler({ ...deps, clock });
  await reconciler.run();
  await reconciler.stop();
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Record<string, unknown>[]> {
  const text = await new Response(stream).text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const onFailure = (error: unknown): never => expect.unreachable(String(error));

describe('a batch', () => {
  it('does not exist before it is committed, and what was staged for it expires', async () => {
    const staging = batches.openStaging();
    await batches.stage(staging, 1, [JSON.stringify(comparisonJob())]);

    expect(await batches.read(BATCH_ID)).toBeUndefined();
    expect(await redis.ttl(staging)).toBeGreaterThan(0);
    expect(await batches.listOpen(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it('that was never committed leaves nothing that erasing its persons would wait for', async () => {
    const payload = comparisonJob({ user_id: 'never' });
    await queue.index([{ jobId: jobIdOf(1), payload }]);

    expect(await queue.listUserJobs(TENANT, 'never')).toEqual([jobIdOf(1)]);
    expect(await queue.erase(jobIdOf(1), TENANT)).toBe(true);
  });

  it('can be found for its person, also if that person was erased while it was staged', async () => {
    const payload = comparisonJob({ user_id: 'erased' });
    const staging: BatchStore = {
      ...batches,
      stage: async (...lines) => {
        await batches.stage(...lines);
        await queue.forgetUser(TENANT, 'erased');
      },
    };
    const { rulesOf } = createAccess(loadApiConfig({}).config);
    const caller = { tenant: TENANT, rules: rulesOf(TENANT), requestId: 'q', sync: false };
    const checked = {
      drafts: [{ payload, uploads: new Map() }],
      callbackUrl: undefined,
      namesCallback: false,
    };

    const { batchId } = await acceptBatch(checked, caller, { ...accepting(), batches: staging });

    expect(await queue.listUserJobs(TENANT, 'erased')).toEqual([batchJobId({ batchId, place: 1 })]);
  });

  it('is committed once, by the first of two requests under one Idempotency-Key', async () => {
    const first = await commit({ total: 2 });
    const staging = batches.openStaging();
    await batches.stage(staging, 1, ['{}']);

    expect(await batches.commit(staging, { ...first, total: 1 })).toBe(false);

    expect(await batches.read(BATCH_ID)).toMatchObject({ total: 2 });
    expect(await redis.exists(staging)).toBe(0);
  });

  it('is not committed without all of its lines', async () => {
    const staging = batches.openStaging();
    await batches.stage(staging, 1, ['{}']);
    const record = { batchId: BATCH_ID, tenant: TENANT, total: 2, createdAt: 1, priority: 1, weight: 1 };

    await expect(batches.commit(staging, record)).rejects.toThrow('staged');
    expect(await batches.read(BATCH_ID)).toBeUndefined();
  });

  it('shows its jobs as queued while they are not in the queue yet', async () => {
    const batch = await commit({ total: 3 });

    expect(await batches.readStates(batch)).toEqual(['queued', 'queued', 'queued']);
    expect(await findJobView(jobIdOf(2), TENANT, deps)).toMatchObject({
      job_id: jobIdOf(2),
      batch_id: BATCH_ID,
      ref: 'ref-2',
      status: 'queued',
      attempts: 0,
    });
    expect(await findJobView(jobIdOf(2), 'other', deps)).toBeUndefined();
  });

  it('moves into the queue in its order, once, by any program and however often', async () => {
    const batch = await commit({ total: 60 });

    const filled = await Promise.all([queue.fill(batch), queue.fill(batch)]);
    await queue.fill(batch);

    expect(filled.toSorted()).toEqual([false, true]);
    const waiting = await redis.zrange(queues.queue.toKey('prioritized'), '0', '-1');
    expect(waiting).toEqual(Array.from({ length: 60 }, (_, index) => jobIdOf(index + 1)));
    expect(await redis.exists(KEYS.batchLines(BATCH_ID), KEYS.batchFilling(BATCH_ID))).toBe(0);
  });

  it('is left to the program that took over after a stall, which may have seen jobs cancelled', async () => {
    const batch = await commit({ total: 60 });
    const lockKey = KEYS.batchFilling(BATCH_ID);
    const addBulk: typeof queues.queue.addBulk = async (jobs) => {
      await redis.set(lockKey, 'another');
      return queues.queue.addBulk(jobs);
    };

    expect(await fillQueue(batch, { redis, keys: KEYS, retentionSeconds: 60, queue: { addBulk } })).toBe(
      false,
    );

    expect(await queues.queue.getPrioritizedCount()).toBe(25);
    expect(await redis.get(lockKey)).toBe('another');
  });

  it('is moved into the queue by a worker if its API died right after accepting it', async () => {
    const batch = await commit({ total: 3, createdAt: Date.now() - 60_000 });

    await reconcile();

    expect(await queues.queue.getPrioritizedCount()).toBe(3);
    expect(await batches.readStates(batch)).toEqual(['queued', 'queued', 'queued']);
    expect(counted).toContain('batch');
  });

  it('can be cancelled while its jobs are not in the queue yet', async () => {
    const batch = await commit({ total: 2 });

    await cancelJob(jobIdOf(1), TENANT, deps);

    expect(await batches.readStates(batch)).toEqual(['cancelled', 'queued']);
  });

  it('ends with its last job, with one webhook, however many programs notice', async () => {
    const batch = await accept({ total: 2, callbackUrl: 'https://backend.example.org/hook' });
    await endNext(MATCHED);
    await noteBatchJobEnded(jobIdOf(1), deps);
    expect(await batches.read(BATCH_ID)).not.toHaveProperty('finishedAt', expect.any(Number));
    await endNext(FAILED);

    await Promise.all([1, 2, 2].map((place) => noteBatchJobEnded(jobIdOf(place), deps)));
    await finishBatch(BATCH_ID, deps);

    const record = await batches.read(BATCH_ID);
    const webhook = await webhooks.queue.getJob(webhookJobId(BATCH_ID));
    expect(await webhooks.queue.getJobCountByTypes('prioritized')).toBe(1);
    expect(JSON.parse(webhook?.data.body ?? '')).toMatchObject({
      type: 'batch.completed',
      data: {
        batch_id: BATCH_ID,
        status: 'completed',
        total: 2,
        counts: { queued: 0, active: 0, completed: 1, failed: 1, cancelled: 0, removed: 0 },
        finished_at: new Date(record?.finishedAt ?? 0).toISOString(),
      },
    });
    expect(record?.callbackUrl).toBeUndefined();
    expect(await redis.ttl(KEYS.batch(BATCH_ID))).toBeGreaterThan(0);
    expect(await batches.listOpen(Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect(await batches.readStates(batch)).toEqual(['completed', 'failed']);
  });

  it('keeps no line once it has ended, also after a crash between queueing a job and dropping its line', async () => {
    const batch = await commit({ total: 1 });
    const lines = await redis.hgetall(KEYS.batchLines(BATCH_ID));
    await queue.fill(batch);
    await redis.hset(KEYS.batchLines(BATCH_ID), lines);
    await endNext(MATCHED);

    await noteBatchJobEnded(jobIdOf(1), deps);

    expect(await batches.listFinished([BATCH_ID])).toEqual([BATCH_ID]);
    expect(await redis.exists(KEYS.batchLines(BATCH_ID))).toBe(0);
  });

  it('is ended by the reconciler if the last worker died before it could', async () => {
    await accept({
      total: 2,
      createdAt: Date.now() - 60_000,
      callbackUrl: 'https://backend.example.org/hook',
    });
    await endNext(MATCHED);
    await endNext(MATCHED);

    await reconcile();

    expect(await webhooks.queue.getJob(webhookJobId(BATCH_ID))).toBeDefined();
    expect(await batches.listFinished([BATCH_ID])).toEqual([BATCH_ID]);
  });

  it('is ended by the reconciler if its last job was erased by an API that died', async () => {
    await accept({
      total: 1,
      createdAt: Date.now() - 60_000,
      callbackUrl: 'https://backend.example.org/hook',
    });
    expect(await queue.erase(jobIdOf(1), TENANT)).toBe(true);

    await reconcile();

    const webhook = await webhooks.queue.getJob(webhookJobId(BATCH_ID));
    expect(JSON.parse(webhook?.data.body ?? '')).toMatchObject({ data: { counts: { removed: 1 } } });
  });

  it('stays open while a job waits, whatever the reconciler finds', async () => {
    const batch = await accept({ total: 2, createdAt: Date.now() - 60_000 });
    await endNext(MATCHED);

    await reconcile();
    await reconcile();

    expect(await batches.listFinished([BATCH_ID])).toEqual([]);
    expect(await batches.readStates(batch)).toEqual(['completed', 'queued']);
  });

  it('leaves nothing in the list of open batches when its record is gone', async () => {
    await redis.zadd(KEYS.openBatches, 1, BATCH_ID);

    await reconcile();

    expect(await batches.listOpen(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });
});

describe('the states of a batch', () => {
  /** Ways in which a job can go on. The last two end it and keep another outcome, or none. */
  const STEPS = {
    match: (jobId: string) => endJob(jobId, MATCHED),
    fail: (jobId: string) => endJob(jobId, FAILED),
    stop: (jobId: string) => endJob(jobId, STOPPED),
    start: async (jobId: string) => {
      await redis.zrem(queues.queue.toKey('prioritized'), jobId);
      await redis.lpush(queues.queue.toKey('active'), jobId);
    },
    cancel: (jobId: string) => cancelJob(jobId, TENANT, deps),
    erase: async (jobId: string) => {
      await queue.erase(jobId, TENANT);
      await noteBatchJobEnded(jobId, deps);
    },
    giveUp: async (jobId: string) => {
      await redis.hset(queues.queue.toKey(jobId), 'finishedOn', Date.now());
      await redis.zadd(queues.queue.toKey('failed'), Date.now(), jobId);
      await noteBatchJobEnded(jobId, deps);
    },
    giveUpAfterDecision: async (jobId: string) => {
      const acceptedAt = Number(await redis.hget(queues.queue.toKey(jobId), 'timestamp'));
      await redis.set(KEYS.outcome(jobId), writeOutcomeRecord({ outcome: MATCHED }, acceptedAt));
      await STEPS.giveUp(jobId);
    },
    wait: async () => undefined,
  } as const satisfies Record<string, (jobId: string) => Promise<unknown>>;
  type Step = keyof typeof STEPS;

  async function endJob(jobId: string, outcome: ComparisonOutcome): Promise<void> {
    await redis.hset(queues.queue.toKey(jobId), {
      finishedOn: Date.now(),
      returnvalue: JSON.stringify(outcome),
    });
    await redis.zrem(queues.queue.toKey('prioritized'), jobId);
    await redis.zadd(queues.queue.toKey('completed'), Date.now(), jobId);
    await noteBatchJobEnded(jobId, deps);
  }

  it('are those of its jobs and add up to their number, whatever happens to them', async () => {
    const names = Object.keys(STEPS) as [Step, ...Step[]];
    const steps = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 8 });

    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (taken, isFilled) => {
        await redis.flushall();
        const batch = await commit({ total: taken.length });
        if (isFilled || taken.some((step) => step !== 'wait')) await queue.fill(batch);
        for (const [index, step] of taken.entries()) await STEPS[step](jobIdOf(index + 1));

        const states = await batches.readStates(batch);

        const shown: BatchJobState[] = [];
        for (const index of taken.keys())
          shown.push((await findJobView(jobIdOf(index + 1), TENANT, deps))?.status ?? 'removed');
        expect(states).toEqual(shown);
        expect(states).toHaveLength(taken.length);
        const isOver = !states.includes('queued') && !states.includes('active');
        expect(await batches.listFinished([BATCH_ID])).toEqual(isOver ? [BATCH_ID] : []);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the results of a batch', () => {
  const results = (batch: BatchRecord, endedOnly = false, read = deps) =>
    streamResults(batch, { endedOnly, onFailure }, read);

  it('are the views of its jobs in order, or of those that have ended', async () => {
    const batch = await accept({ total: 45 });
    await endNext(MATCHED);
    await endNext(FAILED);
    await queue.erase(jobIdOf(3), TENANT);

    const all = await readAll(results(batch));
    const ended = await readAll(results(batch, true));

    expect(all.map((view) => view.job_id)).toEqual(
      Array.from({ length: 45 }, (_, index) => jobIdOf(index + 1)).filter((id) => id !== jobIdOf(3)),
    );
    expect(all[0]).toEqual(await findJobView(jobIdOf(1), TENANT, deps));
    expect(ended.map((view) => view.status)).toEqual(['completed', 'failed']);
  });

  it('are read as the caller takes them, and no further once it is gone', async () => {
    const batch = await accept({ total: 300 });
    let reads = 0;
    const counting: JobQueue = {
      ...queue,
      read: (jobId) => {
        reads += 1;
        return queue.read(jobId);
      },
    };
    const reader = results(batch, false, { ...deps, queue: counting }).getReader();

    await reader.read();
    await reader.read();
    const taken = reads;
    await reader.cancel();

    expect(taken).toBe(40);
    expect(reads).toBe(taken);
  });

  it('break off when they cannot be read to the end', async () => {
    const batch = await accept({ total: 60 });
    const failures: unknown[] = [];
    const broken: JobQueue = {
      ...queue,
      read: (jobId) => (jobId === jobIdOf(30) ? Promise.reject(new Error('gone')) : queue.read(jobId)),
    };
    const options = { endedOnly: false, onFailure: (error: unknown) => void failures.push(error) };

    await expect(readAll(streamResults(batch, options, { ...deps, queue: broken }))).rejects.toThrow();
    expect(failures).toHaveLength(1);
  });
});
