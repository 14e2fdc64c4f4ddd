import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { batchJobId, randomBatchId } from '../../../src/shared/batches/batch-id.js';
import { createBatchStore } from '../../../src/shared/batches/batch-store.js';
import type { ComparisonOutcome } from '../../../src/shared/contract/comparison-outcome.js';
import type { JobView } from '../../../src/shared/contract/job-view.js';
import { createJobView } from '../../../src/shared/contract/job-view.js';
import { createCancelledJobs } from '../../../src/shared/queue/cancelled-jobs.js';
import type { ComparisonJob } from '../../../src/shared/queue/comparison-job.js';
import { createFairQueue } from '../../../src/shared/queue/fair-queue.js';
import { createKeyspace } from '../../../src/shared/queue/keyspace.js';
import { writeOutcomeRecord } from '../../../src/shared/queue/outcome-record.js';
import { createLogger } from '../../../src/shared/runtime/logger.js';
import { createUploadLedger } from '../../../src/shared/uploads/upload-ledger.js';
import { type WebhookJob, webhookJobId } from '../../../src/shared/webhooks/webhook-job.js';
import { createWebhookQueue, type WebhookQueue } from '../../../src/shared/webhooks/webhook-queue.js';
import {
  type ReconcileDependencies,
  type Reconciler,
  startReconciler,
} from '../../../src/worker/upkeep/reconcile.js';
import { comparisonJob } from '../../support/builders/comparison-job.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';

const PREFIX = '{face}';
const KEYS = createKeyspace({ prefix: PREFIX, model: 'lite' });
const MATCHED: ComparisonOutcome = { ok: true, matched: true };

let server: RedisServer;
let redis: Redis;
let queue: Queue<ComparisonJob, ComparisonOutcome>;
let webhooks: WebhookQueue;
let webhookQueue: Queue<WebhookJob>;
let counted: string[];
/** Time by which the reconciler's clock is ahead, ms. */
let ahead = 0;
/** Retention of tenants that have their own, s. */
const retentions = new Map<string, number>();
let reconciler: Reconciler;
let dependencies: ReconcileDependencies;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = new Queue(KEYS.queueName, { connection: redis, prefix: PREFIX });
  webhooks = createWebhookQueue({
    redis,
    keys: KEYS,
    retentionSeconds: 60,
    onError: () => undefined,
  });
  webhookQueue = webhooks.queue;
  dependencies = {
    redis,
    clock: { isSynchronised: () => true, now: () => Date.now() + ahead, synchronise: async () => undefined },
    keys: KEYS,
    retentionSeconds: 60,
    webhooks,
    batches: createBatchStore({ redis, keys: KEYS, retentionSeconds: 60 }),
    maxKeptResults: 3,
    retentionOf: (tenant) => retentions.get(tenant),
    fairQueue: createFairQueue(redis, PREFIX, KEYS.queueName),
    logger: createLogger('test', 'silent'),
    count: (what) => counted.push(what),
  };
  reconciler = startReconciler(dependencies);
});

beforeEach(async () => {
  await redis.flushall();
  counted = [];
  ahead = 10_000;
  retentions.clear();
});

afterAll(async () => {
  await reconciler?.stop();
  await queue?.close();
  await webhooks?.close();
  redis?.disconnect();
  await server?.stop();
});

const cancelledView = (jobId: string): JobView =>
  createJobView({
    jobId,
    job: comparisonJob(),
    createdAt: Date.now(),
    finishedAt: Date.now(),
    attempts: 0,
    outcome: { ok: false, code: 'job_cancelled', detail: 'Cancelled.', retryable: false },
  });

/** Runs one job to its end with a worker that does nothing afterwards, as one killed at once would. */
async function endJob(data: ComparisonJob, end: () => ComparisonOutcome, jobId = 'r_one'): Promise<string> {
  const job = await queue.add('compare', data, { jobId });
  const worker = new Worker(queue.name, async () => end(), { connection: redis, prefix: PREFIX });
  await new Promise<void>((resolve) => {
    worker.once('completed', () => resolve());
    worker.once('failed', () => resolve());
  });
  await worker.close();
  return job.id ?? '';
}

/** Ends the webhook of a job as delivered; others that come before it stay active. */
async function deliver(jobId: string): Promise<void> {
  const worker = new Worker(webhookQueue.name, null, { connection: redis, prefix: PREFIX });
  let job: Awaited<ReturnType<typeof worker.getNextJob>>;
  do {
    job = await worker.getNextJob(jobId);
  } while (job && job.id !== webhookJobId(jobId));
  expect(job).toBeDefined();
  await job?.moveToCompleted(undefined, jobId, false);
  await worker.close();
}

describe('the reconciler', () => {
  it('queues a webhook that a crash prevented, and drops the URLs', async () => {
    const jobId = await endJob(
      comparisonJob({ callback_url: 'https://backend.example.org/hook' }),
      () => MATCHED,
    );

    await reconciler.run();

    const webhook = await webhookQueue.getJob(webhookJobId(jobId));
    expect(JSON.parse(webhook?.data.body ?? '{}')).toMatchObject({
      type: 'comparison.completed',
      data: { job_id: jobId, status: 'completed', result: { matched: true } },
    });
    const data = (await queue.getJob(jobId))?.data;
    expect([data?.images, data?.callback_url]).toEqual([undefined, undefined]);
    expect(counted).toEqual(['webhook', 'strip']);
  });

  it('puts the receipt that was recorded before the crash into the webhook', async () => {
    const job = comparisonJob({ callback_url: 'https://backend.example.org/hook', receipt: true });
    const record = writeOutcomeRecord({ outcome: MATCHED, receipt: 'a.receipt.x' }, job.accepted_at);
    await redis.set(KEYS.outcome('r_receipt'), record);
    await endJob(job, () => MATCHED, 'r_receipt');

    await reconciler.run();

    const webhook = await webhookQueue.getJob(webhookJobId('r_receipt'));
    expect(JSON.parse(webhook?.data.body ?? '{}').data.result).toMatchObject({ receipt: 'a.receipt.x' });
  });

  it('reports a job that BullMQ gave up as failed', async () => {
    const jobId = await endJob(comparisonJob({ callback_url: 'https://backend.example.org/hook' }), () => {
      throw new Error('a bug');
    });

    await reconciler.run();

    const webhook = await webhookQueue.getJob(webhookJobId(jobId));
    expect(JSON.parse(webhook?.data.body ?? '{}')).toMatchObject({
      type: 'comparison.failed',
      data: { status: 'failed', error: { code: 'internal' } },
    });
  });

  it('checks every job that ended since its last pass, however many there are', async () => {
    const ids = Array.from({ length: 1_050 }, (_, index) => `r_${index}`);
    await queue.addBulk(ids.map((jobId) => ({ name: 'compare', data: comparisonJob(), opts: { jobId } })));
    const worker = new Worker(queue.name, async () => MATCHED, {
      connection: redis,
      prefix: PREFIX,
      concurrency: 100,
    });
    await vi.waitFor(async () => expect(await queue.getCompletedCount()).toBe(1_050), 60_000);
    await worker.close();

    await reconciler.run();

    expect(counted).toHaveLength(1_050);
    counted = [];
    await reconciler.run();
    expect(counted).toEqual([]);
  });

  it('queues the webhook of a job whose cancellation was interrupted', async () => {
    const record = {
      view: cancelledView('r_cut'),
      tenant: 'anonymous',
      callback_url: 'https://a.example/hook',
    };
    await createCancelledJobs(dependencies).keep(record, Date.now());

    await reconciler.run();

    const webhook = await webhookQueue.getJob(webhookJobId('r_cut'));
    expect(JSON.parse(webhook?.data.body ?? '{}')).toMatchObject({ data: { status: 'cancelled' } });
    expect(counted).toEqual(['webhook']);
    expect(await createCancelledJobs(dependencies).listUnfinished(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it('leaves a job in the queue whose cancellation was interrupted before its removal', async () => {
    await queue.add('compare', comparisonJob({ callback_url: 'https://a.example/hook' }), {
      jobId: 'r_kept',
    });
    const record = {
      view: cancelledView('r_kept'),
      tenant: 'anonymous',
      callback_url: 'https://a.example/hook',
    };
    await createCancelledJobs(dependencies).keep(record, Date.now());

    await reconciler.run();

    expect(await webhookQueue.getJob(webhookJobId('r_kept'))).toBeUndefined();
    expect(await queue.getWaitingCount()).toBe(1);
  });

  it('does not touch a job that its own worker may still be finishing', async () => {
    ahead = 0;
    const jobId = await endJob(comparisonJob(), () => MATCHED);

    await reconciler.run();

    expect((await queue.getJob(jobId))?.data.images).toBeDefined();
    expect(counted).toEqual([]);
  });

  it('changes nothing when it runs again', async () => {
    await endJob(comparisonJob({ callback_url: 'https://backend.example.org/hook' }), () => MATCHED);
    await reconciler.run();
    counted = [];

    await reconciler.run();

    expect(counted).toEqual([]);
    expect(await webhookQueue.count()).toBe(1);
  });

  it('counts an active job without a lock', async () => {
    await queue.add('compare', comparisonJob(), { jobId: 'r_lost' });
    await redis.lmove(`${PREFIX}:${queue.name}:wait`, `${PREFIX}:${queue.name}:active`, 'RIGHT', 'LEFT');

    await reconciler.run();

    expect(counted).toEqual(['lock']);
  });

  it('skips records that it cannot read, counts them, and still does everything else', async () => {
    const url = 'https://backend.example.org/hook';
    const good = await endJob(comparisonJob({ callback_url: url }), () => MATCHED);
    const now = Date.now();
    const plant = async (state: string, jobId: string, fields?: Record<string, string>) => {
      if (fields) await redis.hset(queue.toKey(jobId), fields);
      else await redis.set(queue.toKey(jobId), 'not a hash');
      await redis.zadd(queue.toKey(state), now - 60_000, jobId);
    };
    await plant('completed', 'r_json', { data: '{"images": broken' });
    await plant('completed', 'r_fields', { data: '{"callback_url":"x"}' });
    await plant('failed', 'r_type');
    await redis.set(`${PREFIX}:cancelled:r_cut`, '{broken');
    await redis.zadd(`${PREFIX}:cancelling:${queue.name}`, 0, 'r_cut');
    await redis.lpush(queue.toKey('active'), 'r_type');
    await redis.hset(webhookQueue.toKey('wh_r_bad'), { data: '{broken' });
    await redis.zadd(webhookQueue.toKey('failed'), now - 60_000, 'wh_r_bad');

    await reconciler.run();

    expect(await webhookQueue.getJob(webhookJobId(good))).toBeDefined();
    expect(counted).toEqual(expect.arrayContaining(['webhook', 'strip', 'lock', 'failed']));
    const impatient = startReconciler({ ...dependencies, retentionSeconds: 1 });
    await impatient.run();
    await impatient.stop();
    const bad = ['r_json', 'r_fields', 'r_type'].map((jobId) => queue.toKey(jobId));
    expect(await redis.exists(...bad, webhookQueue.toKey('wh_r_bad'))).toBe(0);
    expect(await redis.zcard(queue.toKey('failed'))).toBe(0);
  });

  it('keeps each tenant within its quota of results, oldest removed first', async () => {
    const endAs = async (jobId: string, tenant: string): Promise<void> => {
      await redis.mset(KEYS.evidence(jobId), '{}', KEYS.receipt(jobId), 'a.receipt.x');
      await redis.zadd(KEYS.userJobs(tenant, 'u-1'), '1', jobId);
      await endJob(comparisonJob({ tenant }), () => MATCHED, jobId);
    };
    await endAs('r_other', 'small');
    for (const n of [1, 2, 3, 4, 5]) await endAs(`r_${n}`, 'big');

    await reconciler.run();

    const kept = async (jobId: string) => (await queue.getJob(jobId)) !== undefined;
    const ids = ['r_1', 'r_2', 'r_3', 'r_4', 'r_5', 'r_other'];
    expect(await Promise.all(ids.map(kept))).toEqual([false, false, true, true, true, true]);
    expect(await redis.exists(...['r_1', 'r_2'].flatMap((id) => [KEYS.evidence(id), KEYS.receipt(id)]))).toBe(
      0,
    );
    expect(await redis.zrange(KEYS.userJobs('big', 'u-1'), '0', '-1')).toEqual(['r_3', 'r_4', 'r_5']);
  });

  it('removes results and delivered webhooks of a tenant after its own retention, and no others', async () => {
    retentions.set('brief', 30);
    const endAs = async (jobId: string, tenant: string): Promise<void> => {
      await redis.set(KEYS.evidence(jobId), '{}');
      await endJob(
        comparisonJob({ tenant, callback_url: 'https://backend.example.org/hook' }),
        () => MATCHED,
        jobId,
      );
    };
    for (const jobId of ['r_1', 'r_2']) await endAs(jobId, 'brief');
    await endAs('r_3', 'other');
    await createCancelledJobs(dependencies).keep({ view: cancelledView('r_4'), tenant: 'brief' }, Date.now());
    await reconciler.run();
    await deliver('r_1');

    ahead = 31_000;
    await reconciler.run();

    const ids = ['r_1', 'r_2', 'r_3'];
    const results = ids.map(async (id) => [await queue.getJob(id), await redis.exists(KEYS.evidence(id))]);
    expect((await Promise.all(results)).map(([job, evidence]) => [job !== undefined, evidence])).toEqual([
      [false, 0],
      [false, 0],
      [true, 1],
    ]);
    expect(await redis.exists(KEYS.cancelled('r_4'))).toBe(0);
    // The webhook that was not delivered stays, and is removed once it is.
    expect(await Promise.all(ids.map((id) => webhooks.isKept(id)))).toEqual([false, true, true]);
    expect(await redis.zrange(KEYS.kept('brief'), '0', '-1')).toEqual(['r_2']);
    await deliver('r_2');
    ahead = 40_000;
    await reconciler.run();
    expect(await Promise.all(ids.map((id) => webhooks.isKept(id)))).toEqual([false, false, true]);
  });

  it('counts cancelled jobs towards the quota of a tenant', async () => {
    const cancelledJobs = createCancelledJobs(dependencies);
    for (const [nth, jobId] of ['r_a', 'r_b', 'r_c', 'r_d'].entries())
      await cancelledJobs.keep({ view: cancelledView(jobId), tenant: 'big' }, Date.now() + nth);

    await reconciler.run();

    expect(await cancelledJobs.read('r_a')).toBeUndefined();
    expect(await cancelledJobs.read('r_b')).toBeDefined();
  });

  it('returns to what a full Redis refused, however much later', async () => {
    const jobId = await endJob(
      comparisonJob({ callback_url: 'https://backend.example.org/hook' }),
      () => MATCHED,
    );
    // Room again right after the first refusal, so that the rest of the pass succeeds.
    const makeRoom = () => void redis.config('SET', 'maxmemory', '0');
    const patient = startReconciler({ ...dependencies, count: makeRoom });
    ahead = 600_000;
    await redis.config('SET', 'maxmemory', '1');

    await patient.run();
    await patient.stop();
    expect(await webhookQueue.getJob(webhookJobId(jobId))).toBeUndefined();
    await reconciler.run();

    expect(await webhookQueue.getJob(webhookJobId(jobId))).toBeDefined();
    expect((await queue.getJob(jobId))?.data.images).toBeUndefined();
  });

  it('removes results after the retention, even on an idle queue and from the event stream', async () => {
    const jobId = await endJob(comparisonJob(), () => MATCHED);
    expect(await redis.xlen(queue.toKey('events'))).toBeGreaterThan(0);
    ahead = 120_000;
    const impatient = startReconciler({ ...dependencies, retentionSeconds: 1 });

    const goes = async () => {
      await impatient.run();
      expect(await queue.getJob(jobId)).toBeUndefined();
    };
    await vi.waitFor(goes, { timeout: 60_000, interval: 100 });

    await impatient.stop();
    expect(await redis.xlen(queue.toKey('events'))).toBe(0);
    expect(await redis.keys(`*${jobId}*`)).toEqual([]);
  });

  it('removes photos that no job needs, and no others', async () => {
    const batchId = randomBatchId();
    const lineId = batchJobId({ batchId, place: 1 });
    const ledger = createUploadLedger(dependencies);
    const keep = async (jobId: string, uploadId: string, lifeMs: number): Promise<string> => {
      const now = dependencies.clock.now();
      await ledger.reserve({ jobId, uploadId, bytes: 7 }, { now, expiresAt: now + lifeMs, limit: 1_000 });
      const key = KEYS.photos({ jobId, uploadId });
      await redis.hset(key, 'back_image', 'encrypted');
      return key;
    };
    await queue.add('compare', { ...comparisonJob(), upload_id: 'u-1' }, { jobId: 'r_waits' });
    await queue.add('compare', comparisonJob(), { jobId: 'r_stripped' });
    await redis.hset(KEYS.batchLines(batchId), '1', JSON.stringify({ ...comparisonJob(), upload_id: 'u-4' }));
    await redis.hset(queue.toKey('r_unreadable'), 'data', 'no JSON');
    const needed = [
      await keep('r_waits', 'u-1', 3_600_000),
      await keep(lineId, 'u-4', 3_600_000),
      await keep('r_unreadable', 'u-5', 3_600_000),
      // Its job may still be added.
      await keep('r_new', 'u-6', 60_000),
    ];
    const lost = [
      await keep('r_waits', 'u-2', 3_600_000),
      await keep('r_stripped', 'u-3', 3_600_000),
      await keep('r_gone', 'u-7', 3_600_000),
    ];

    await reconciler.run();

    for (const key of needed) expect(await redis.exists(key), key).toBe(1);
    for (const key of lost) expect(await redis.exists(key), key).toBe(0);
    expect(await ledger.read(dependencies.clock.now())).toBe(needed.length * 7);
  });
});
