import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../../src/shared/logger.js';
import {
  type ComparisonJob,
  type ComparisonOutcome,
  compareQueueName,
  type WebhookJob,
  webhookJobId,
} from '../../../src/shared/queue-contract.js';
import { createWebhookQueue } from '../../../src/shared/webhook-queue.js';
import {
  type ReconcileDependencies,
  type Reconciler,
  startReconciler,
} from '../../../src/worker/reconcile.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';

const PREFIX = '{face}';
const MODEL = 'lite';
const MATCHED: ComparisonOutcome = { ok: true, matched: true };

let server: RedisServer;
let redis: Redis;
let queue: Queue<ComparisonJob, ComparisonOutcome>;
let webhookQueue: Queue<WebhookJob>;
let counted: string[];
/** How far the reconciler's clock is ahead, ms. */
let ahead = 0;
let reconciler: Reconciler;
let dependencies: ReconcileDependencies;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = new Queue(compareQueueName(MODEL), { connection: redis, prefix: PREFIX });
  webhookQueue = createWebhookQueue({ redis, prefix: PREFIX, onError: () => undefined });
  dependencies = {
    redis,
    clock: { now: () => Date.now() + ahead, synchronise: async () => undefined },
    prefix: PREFIX,
    model: MODEL,
    retentionSeconds: 60,
    webhookQueue,
    logger: createLogger('test', 'silent'),
    count: (what) => counted.push(what),
  };
  reconciler = startReconciler(dependencies);
});

beforeEach(async () => {
  await redis.flushall();
  counted = [];
  ahead = 10_000;
});

afterAll(async () => {
  await reconciler?.stop();
  await queue?.close();
  await webhookQueue?.close();
  redis?.disconnect();
  await server?.stop();
});

const payload = (changes: Partial<ComparisonJob> = {}): ComparisonJob => ({
  v: 1,
  user_id: 'u-1',
  images: {
    front_image1: 'https://a/1',
    front_image2: 'https://a/2',
    front_image3: 'https://a/3',
    back_image: 'https://a/0',
  },
  threshold: 0.5,
  min_matches: 2,
  evidence: false,
  sync: false,
  tenant: 'anonymous',
  request_digest: 'd',
  request_id: 'q',
  accepted_at: Date.now(),
  deadline_at: Date.now() + 60_000,
  ...changes,
});

/** Runs one job to its end with a worker that does nothing afterwards, as one killed at once would. */
async function endJob(data: ComparisonJob, end: () => ComparisonOutcome): Promise<string> {
  const job = await queue.add('compare', data, { jobId: 'r_one' });
  const worker = new Worker(queue.name, async () => end(), { connection: redis, prefix: PREFIX });
  await new Promise<void>((resolve) => {
    worker.once('completed', () => resolve());
    worker.once('failed', () => resolve());
  });
  await worker.close();
  return job.id ?? '';
}

describe('the reconciler', () => {
  it('queues the webhook that a crash kept from being queued, and drops the URLs', async () => {
    const jobId = await endJob(payload({ callback_url: 'https://backend.example.org/hook' }), () => MATCHED);

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

  it('tells a job that BullMQ gave up as failed', async () => {
    const jobId = await endJob(payload({ callback_url: 'https://backend.example.org/hook' }), () => {
      throw new Error('a bug');
    });

    await reconciler.run();

    const webhook = await webhookQueue.getJob(webhookJobId(jobId));
    expect(JSON.parse(webhook?.data.body ?? '{}')).toMatchObject({
      type: 'comparison.failed',
      data: { status: 'failed', error: { code: 'internal' } },
    });
  });

  it('does not touch a job that its own worker may still be finishing', async () => {
    ahead = 0;
    const jobId = await endJob(payload(), () => MATCHED);

    await reconciler.run();

    expect((await queue.getJob(jobId))?.data.images).toBeDefined();
    expect(counted).toEqual([]);
  });

  it('changes nothing when it runs again', async () => {
    await endJob(payload({ callback_url: 'https://backend.example.org/hook' }), () => MATCHED);
    await reconciler.run();
    counted = [];

    await reconciler.run();

    expect(counted).toEqual([]);
    expect(await webhookQueue.count()).toBe(1);
  });

  it('counts a job that is active although nobody holds its lock', async () => {
    await queue.add('compare', payload(), { jobId: 'r_lost' });
    await redis.lmove(`${PREFIX}:${queue.name}:wait`, `${PREFIX}:${queue.name}:active`, 'RIGHT', 'LEFT');

    await reconciler.run();

    expect(counted).toEqual(['lock']);
  });

  it('removes results when their time is over, on an idle queue and from the event stream too', async () => {
    const jobId = await endJob(payload(), () => MATCHED);
    expect(await redis.xlen(queue.toKey('events'))).toBeGreaterThan(0);
    ahead = 120_000;
    const impatient = startReconciler({ ...dependencies, retentionSeconds: 1 });

    const goes = async () => {
      await impatient.run();
      expect(await queue.getJob(jobId)).toBeUndefined();
    };
    await vi.waitFor(goes, { timeout: 5_000, interval: 100 });

    await impatient.stop();
    expect(await redis.xlen(queue.toKey('events'))).toBe(0);
    expect(await redis.keys(`*${jobId}*`)).toEqual([]);
  });
});
