import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createBatchStore } from '../../src/shared/batches/batch-store.js';
import { createFairQueue } from '../../src/shared/queue/fair-queue.js';
import { createKeyspace } from '../../src/shared/queue/keyspace.js';
import { createRedisClock } from '../../src/shared/redis/redis-clock.js';
import type { ShadowJob } from '../../src/shared/shadow/shadow-job.js';
import { createShadowQueue, eraseShadow, shadowKeys } from '../../src/shared/shadow/shadow-queue.js';
import { createUploadLedger } from '../../src/shared/uploads/upload-ledger.js';
import { createWebhookQueue } from '../../src/shared/webhooks/webhook-queue.js';
import {
  type ComparisonWorker,
  createComparisonWorker,
} from '../../src/worker/comparison/comparison-worker.js';
import type { ShadowOffers } from '../../src/worker/shadow/shadow-offers.js';
import { createByteBudget } from '../../src/worker/tenant-shares/byte-budget.js';
import { createSlowJobs } from '../../src/worker/tenant-shares/slow-jobs.js';
import { comparisonJob } from '../support/builders/comparison-job.js';
import { verifyContents } from '../support/builders/judged-comparison.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

const NOW = Date.now();
const PHOTO = { kind: 'stored', size: 100, sha256: 'aa' } as const;

let server: RedisServer;
let redis: Redis;
const keys = createKeyspace({ prefix: '{face}', model: 'lite' });
const own = shadowKeys(keys);

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});

afterEach(async () => {
  await redis.flushall();
  expired.length = 0;
});

afterAll(async () => {
  redis?.disconnect();
  await server?.stop();
});

const open = (limits: { maxWaiting?: number; maxPhotoBytes?: number } = {}) =>
  createShadowQueue({ redis, keys, onExpired: (count) => expired.push(count), ...limits }, 'open');
const expired: number[] = [];

function shadowJob(changes: Partial<ShadowJob> = {}): ShadowJob {
  const { images, tenant, threshold, min_matches } = comparisonJob();
  if (!images) throw new Error('a job without photos');
  const live = { result: 'matched', similarities: { front_image1: 0.7 }, digests: {} } as const;
  return { v: 1, images, tenant, threshold, min_matches, expires_at: NOW + 60_000, live, ...changes };
}

/** A job whose photos came with its request, as `storeLive` writes them. */
const withPhotos = (jobId: string, changes: Partial<ShadowJob> = {}): ShadowJob => {
  const images = { front_image1: PHOTO, front_image2: PHOTO, front_image3: PHOTO, back_image: PHOTO };
  return shadowJob({ images, upload_id: `of-${jobId}`, ...changes });
};

/** Writes what is left of a live job that has just ended. */
async function storeLive(jobId: string): Promise<void> {
  await redis.hset(keys.job(jobId), 'name', 'compare');
  await redis.hset(keys.photos({ jobId, uploadId: `of-${jobId}` }), 'back_image', 'encrypted');
}

/** Starts a live worker that takes one job at a time and whose comparisons all match. */
function startLiveWorker(offer: ShadowOffers['offer']): ComparisonWorker {
  const bulk = new Redis(server.url, { maxRetriesPerRequest: null });
  const options = { redis: bulk, keys, retentionSeconds: 60 };
  const found = verifyContents(
    { front_image1: '0.9', front_image2: '0.9', front_image3: '0.9', back_image: '1' },
    comparisonJob(),
  );
  const webhooks = createWebhookQueue({ ...options, onError: () => undefined });
  const worker = createComparisonWorker({
    ...options,
    clock: createRedisClock(bulk),
    batches: createBatchStore(options),
    webhooks,
    logger: pino({ level: 'silent' }),
    logUserId: false,
    observe: () => undefined,
    verification: {
      duplicatePolicy: 'warn',
      earlyDecision: true,
      model: { pack: 'lite', detector: 'a', recogniser: 'b' },
      fmrAt: () => undefined,
    },
    resources: {
      slowJobs: createSlowJobs(1, () => 0),
      budget: createByteBudget(1_000),
      loadImage: async () => Buffer.from('1'),
      analyse: async () => {
        const photo = (await found).photos.front_image1;
        if (!photo?.usable) throw new Error('unusable');
        return { ...photo.analysis, embedding: Float32Array.of(1, 0) };
      },
      isCostly: () => false,
    },
    fairQueue: createFairQueue(bulk, keys.prefix, keys.queueName),
    issueReceipt: undefined,
    shadow: { note: () => undefined, offer },
    onPostponed: () => undefined,
    concurrency: 1,
    onStalled: () => undefined,
    onAbandoned: () => undefined,
  });
  return {
    ...worker,
    close: async (graceMs) => {
      await worker.close(graceMs);
      await webhooks.close();
      bulk.disconnect();
    },
  };
}

describe('a live worker', () => {
  it('ends jobs and begins the next ones while the shadow takes forever', async () => {
    const offered: string[] = [];
    const worker = startLiveWorker((job) => {
      offered.push(String(job.id));
      return new Promise(() => undefined);
    });
    const connection = redis.duplicate();
    const queue = new Queue(keys.queueName, { connection, prefix: keys.prefix });
    for (const jobId of ['r_1', 'r_2', 'r_3'])
      await queue.add('compare', comparisonJob(), { jobId, priority: 1 });

    await vi.waitFor(async () => expect(await queue.getCompletedCount()).toBe(3), 60_000);

    await vi.waitFor(() => expect(offered).toEqual(['r_1', 'r_2', 'r_3']), 60_000);
    await worker.close(0);
    await queue.close();
    connection.disconnect();
  });
});

describe('the queue of the shadow', () => {
  it('returns comparisons once, the one that expires first at the head', async () => {
    const queue = open();
    const [late, soon] = [shadowJob({ expires_at: NOW + 9_000 }), shadowJob({ expires_at: NOW + 5_000 })];
    for (const [jobId, job] of [['r_1', late] as const, ['r_2', soon] as const]) {
      await storeLive(jobId);
      expect(await queue.offer(jobId, job, NOW)).toBe('queued');
    }

    const taken = [await queue.take(NOW), await queue.take(NOW), await queue.take(NOW)];

    expect(taken).toEqual([{ jobId: 'r_2', job: soon }, { jobId: 'r_1', job: late }, undefined]);
  });

  it('drops what does not fit, keeps nothing of it and has room again when the others expire', async () => {
    const queue = open({ maxWaiting: 1 });
    for (const jobId of ['r_1', 'r_2', 'r_3']) await storeLive(jobId);

    const results = [
      await queue.offer('r_1', shadowJob(), NOW),
      await queue.offer('r_2', withPhotos('r_2'), NOW),
      await queue.offer('r_3', shadowJob({ expires_at: NOW + 120_000 }), NOW + 60_001),
    ];

    expect(results).toEqual(['queued', 'full', 'queued']);
    expect(await redis.exists(own.job('r_2'), own.uploads)).toBe(0);
    expect(await redis.exists(keys.photos({ jobId: 'r_2', uploadId: 'of-r_2' }))).toBe(1);
    expect(await queue.count(NOW + 60_001)).toBe(1);
    expect(expired).toEqual([1]);
  });

  it('takes over uploaded photos within a memory of its own, and removes them at the end', async () => {
    const queue = open({ maxPhotoBytes: 500 });
    for (const jobId of ['r_1', 'r_2']) await storeLive(jobId);
    const [place, ownPlace] = [keys, own].map((names) => names.photos({ jobId: 'r_1', uploadId: 'of-r_1' }));

    expect(await queue.offer('r_1', withPhotos('r_1'), NOW)).toBe('queued');
    expect(await queue.offer('r_2', withPhotos('r_2'), NOW)).toBe('photos');

    expect([await redis.exists(place as string), await redis.exists(ownPlace as string)]).toEqual([0, 1]);
    expect(await createUploadLedger({ redis, keys }).read(NOW)).toBe(0);
    const taken = await queue.take(NOW);
    expect(taken && (await queue.finish(taken))).toBe(true);
    expect(await redis.keys('*shadow*')).toEqual([]);
  });

  it('lets nothing outlive its expiry', async () => {
    const queue = open();
    await storeLive('r_1');
    await queue.offer('r_1', withPhotos('r_1'), NOW);

    const photos = own.photos({ jobId: 'r_1', uploadId: 'of-r_1' });
    for (const key of [own.job('r_1'), photos]) expect(await redis.pexpiretime(key)).toBe(NOW + 60_000);
    // Of ids, so that the next offer counts what has expired.
    expect(await redis.pexpiretime('{face}:shadow:compare-lite:open')).toBe(NOW + 3_660_000);
    expect(await queue.take(NOW + 60_000)).toBeUndefined();
    expect(expired).toEqual([1]);
    expect(await redis.keys('*shadow*')).toEqual([]);
  });

  it('knows nothing of an erased person, before, while and after the comparison runs', async () => {
    const queue = open();
    expect(await queue.offer('r_0', shadowJob(), NOW)).toBe('gone');
    for (const jobId of ['r_1', 'r_2']) {
      await storeLive(jobId);
      await queue.offer(jobId, withPhotos(jobId), NOW);
    }
    const running = await queue.take(NOW);

    expect([await eraseShadow('r_1', { redis, keys }), await eraseShadow('r_2', { redis, keys })]).toEqual([
      true,
      true,
    ]);

    expect(running && (await queue.finish(running))).toBe(false);
    expect(await queue.take(NOW)).toBeUndefined();
    expect(await eraseShadow('r_1', { redis, keys })).toBe(false);
    expect(await redis.keys('*shadow*')).toEqual([]);
  });

  it('skips a payload that another version wrote', async () => {
    const queue = open();
    await storeLive('r_1');
    await queue.offer('r_1', { ...shadowJob(), v: 2 } as unknown as ShadowJob, NOW);

    expect(await queue.take(NOW)).toBeUndefined();
    expect(await redis.keys('*shadow*')).toEqual([]);
  });
});
