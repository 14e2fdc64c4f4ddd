import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAccess } from '../../src/api/access/access.js';
import { type AcceptDependencies, acceptBatch } from '../../src/api/batches/accept-batch.js';
import { createBacklog } from '../../src/api/capacity/backlog.js';
import {
  draftJob,
  type PreparedJob,
  prepareJob,
  type SubmitDependencies,
  submitJob,
} from '../../src/api/jobs/submit-job.js';
import { createUploadStore, type UploadStore } from '../../src/api/jobs/upload-store.js';
import { createBatchStore } from '../../src/shared/batches/batch-store.js';
import { loadApiConfig } from '../../src/shared/config/config.js';
import { compareRequestSchema } from '../../src/shared/contract/compare-request.js';
import { createKeyspace } from '../../src/shared/queue/keyspace.js';
import { createLogger } from '../../src/shared/runtime/logger.js';
import { createPhotoCipher } from '../../src/shared/uploads/photo-cipher.js';
import { createSubmitDependencies } from '../support/builders/submit-dependencies.js';
import { dataUrlOf, UPLOAD_KEY } from '../support/photos/upload-photos.js';
import { ACCEPTABLE } from '../support/programs/api.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

const KEYS = createKeyspace({ prefix: '{face}', model: 'lite' });
const TENANT = 'anonymous';
const PHOTO_BYTES = 1_000;
const { rulesOf } = createAccess(loadApiConfig({}).config);

let server: RedisServer;
let redis: Redis;
let deps: SubmitDependencies & AcceptDependencies;

/** Returns a store with room for the photos of this many requests. */
function openStore(requests: number): UploadStore {
  return createUploadStore({
    redis,
    keys: KEYS,
    clock: { isSynchronised: () => true, now: Date.now, synchronise: async () => undefined },
    cipher: createPhotoCipher([UPLOAD_KEY])!,
    bulkRedis: redis,
    memoryLimit: requests * PHOTO_BYTES,
    retryAfterSeconds: () => 1,
    onRefused: () => undefined,
  });
}

beforeAll(async () => {
  server = await startRedis(['--appendonly', 'no']);
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  const basic = createSubmitDependencies(redis, KEYS);
  deps = {
    ...basic,
    batches: createBatchStore(basic),
    logger: createLogger('test', 'silent'),
    uploadStore: openStore(1),
  };
});

beforeEach(async () => void (await redis.flushall()));

afterAll(async () => {
  await deps?.queue.close();
  redis?.disconnect();
  await server?.stop();
});

const callerOf = (requestId: string, idempotencyKey?: string) => ({
  tenant: TENANT,
  rules: rulesOf(TENANT),
  requestId,
  sync: false,
  idempotencyKey,
});

const request = () => ({
  body: compareRequestSchema.parse({ ...ACCEPTABLE, back_image: dataUrlOf(Buffer.alloc(PHOTO_BYTES)) }),
  unknownFields: [],
});

const countWaiting = async () => (await deps.fairQueue.readWaiting()).get(TENANT)?.count;
const photoKeys = async () => (await redis.keys('*')).filter((key) => key.includes(':photo:'));

/** Returns `read` with a result that is late: it returns what was there when it was called. */
function delay<T extends unknown[], R>(read: (...args: T) => Promise<R>, until: Promise<void>) {
  return async (...args: T): Promise<R> => {
    const found = await read(...args);
    await until;
    return found;
  };
}

function openGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('a request that has no room for its photos', () => {
  it('leaves the place in the order to the job of another request under its Idempotency-Key', async () => {
    const first = await prepareJob(request(), callerOf('q-1', 'k'), deps);
    const second = await prepareJob(request(), callerOf('q-2', 'k'), deps);
    const { opened, open } = openGate();
    const queue = { ...deps.queue, readOrigin: delay(deps.queue.readOrigin, opened) };

    const refused = submitJob(second, callerOf('q-2', 'k'), { ...deps, queue }).catch((error) => error);
    await submitJob(first, callerOf('q-1', 'k'), deps);
    open();

    expect(await refused).toMatchObject({ code: 'overloaded' });
    expect(await countWaiting()).toBe(1);
    expect(await photoKeys()).toHaveLength(1);
  });

  it('leaves the places in the order to another batch under its Idempotency-Key', async () => {
    const checked = () => ({
      drafts: [draftJob(request(), callerOf('q', 'k'), deps)],
      callbackUrl: undefined,
      namesCallback: false,
    });
    const { opened, open } = openGate();
    const batches = { ...deps.batches, read: delay(deps.batches.read, opened) };

    const refused = acceptBatch(checked(), callerOf('q-2', 'k'), { ...deps, batches }).catch(
      (error) => error,
    );
    await acceptBatch(checked(), callerOf('q-1', 'k'), deps);
    open();

    expect(await refused).toMatchObject({ code: 'overloaded' });
    expect(await countWaiting()).toBe(1);
    expect(await photoKeys()).toHaveLength(1);
  });

  it('takes no place in the order', async () => {
    const [held, refused] = [
      await prepareJob(request(), callerOf('q-1'), deps),
      await prepareJob(request(), callerOf('q-2'), deps),
    ] as [PreparedJob, PreparedJob];
    await submitJob(held, callerOf('q-1'), deps);

    await expect(submitJob(refused, callerOf('q-2'), deps)).rejects.toMatchObject({ code: 'overloaded' });

    expect(await countWaiting()).toBe(1);
  });
});

describe('the photos of a request', () => {
  it('live for two minutes before their job is added, and then as long as it', async () => {
    const settings = { ...deps.settings, jobDeadlineMs: 600_000 };
    const long = { ...deps, settings };
    const [lost, added] = [
      await prepareJob(request(), callerOf('q-1'), long),
      await prepareJob(request(), callerOf('q-2'), long),
    ];
    const uploadStore = openStore(2);
    const timeLeft = ({ jobId, payload }: PreparedJob) =>
      redis.pttl(KEYS.photos({ jobId, uploadId: payload.upload_id ?? '' }));

    await uploadStore.reserve(lost);
    await uploadStore.write(lost);
    await submitJob(added, callerOf('q-2'), { ...long, uploadStore });

    expect(await timeLeft(lost)).toBeLessThanOrEqual(120_000);
    expect(await timeLeft(lost)).toBeGreaterThan(0);
    expect(await timeLeft(added)).toBeGreaterThan(600_000);
    const reservedUntil = (await redis.zrange(KEYS.uploads, '-1', '-1', 'WITHSCORES'))[1];
    expect(Number(reservedUntil) - Date.now()).toBeGreaterThan(600_000);
  });
});

describe('a job whose photos are gone before it is added', () => {
  const dropPhotos = async () => void (await redis.del(...(await photoKeys())));

  it('is not added alone', async () => {
    const job = await prepareJob(request(), callerOf('q-1'), deps);
    const uploadStore = {
      ...openStore(1),
      write: async (own: PreparedJob) => {
        await openStore(1).write(own);
        await dropPhotos();
      },
    };

    await expect(submitJob(job, callerOf('q-1'), { ...deps, uploadStore })).rejects.toMatchObject({
      code: 'queue_unavailable',
    });

    expect(await deps.queue.countWaiting()).toBe(0);
  });

  it('is not added with its batch, which took too long to stage', async () => {
    const batch = {
      drafts: [draftJob(request(), callerOf('q-1'), deps)],
      callbackUrl: undefined,
      namesCallback: false,
    };
    const stage: typeof deps.batches.stage = async (...args) => {
      await deps.batches.stage(...args);
      await dropPhotos();
    };

    await expect(
      acceptBatch(batch, callerOf('q-1'), { ...deps, batches: { ...deps.batches, stage } }),
    ).rejects.toMatchObject({ code: 'queue_unavailable' });

    expect(await deps.batches.listOpen(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });
});

describe('a request whose place in the order is unknown', () => {
  it('reserves no memory for its photos', async () => {
    await redis.set(`${KEYS.prefix}:fair:${KEYS.queueName}`, 'no order');
    const job = await prepareJob(request(), callerOf('q-1'), deps);
    const uploadStore = openStore(1);

    await expect(submitJob(job, callerOf('q-1'), { ...deps, uploadStore })).rejects.toMatchObject({
      code: 'queue_unavailable',
    });

    await expect.poll(uploadStore.readStoredBytes).toBe(0);
  });
});

describe('a request that the order refuses', () => {
  it('reserves no memory for its photos', async () => {
    const rules = { ...rulesOf(TENANT), queueShare: 0.001 };
    const jobs = await Promise.all(['q-1', 'q-2'].map((id) => prepareJob(request(), callerOf(id), deps)));
    const [first, second] = jobs as [PreparedJob, PreparedJob];
    const store = openStore(2);

    await submitJob(first, { ...callerOf('q-1'), rules }, { ...deps, uploadStore: store });
    const refused = submitJob(second, { ...callerOf('q-2'), rules }, { ...deps, uploadStore: store });

    await expect(refused).rejects.toMatchObject({ code: 'overloaded' });
    expect(await store.readStoredBytes()).toBe(PHOTO_BYTES);
  });
});

describe('a batch for which the queue has no room', () => {
  it('reserves no memory for its photos', async () => {
    const backlog = createBacklog({
      countWaiting: deps.queue.countWaiting,
      maxDepth: 1,
      maxSyncWaitMs: 1_000,
    });
    const drafts = ['q-1', 'q-2'].map((id) => draftJob(request(), callerOf(id), deps));
    const uploadStore = openStore(2);

    const refused = acceptBatch({ drafts, callbackUrl: undefined, namesCallback: false }, callerOf('q-1'), {
      ...deps,
      backlog,
      uploadStore,
    });

    await expect(refused).rejects.toMatchObject({ code: 'overloaded' });
    await expect.poll(uploadStore.readStoredBytes).toBe(0);
  });
});

describe('a job whose person could not be found', () => {
  it('leaves no photos, alone or in a batch', async () => {
    await redis.set(KEYS.userJobs(TENANT, ACCEPTABLE.user_id), 'not an index');
    const alone = await prepareJob(request(), callerOf('q-1'), deps);
    const draft = draftJob(request(), callerOf('q-2'), deps);
    const uploadStore = openStore(2);

    await submitJob(alone, callerOf('q-1'), { ...deps, uploadStore }).catch(() => undefined);
    await acceptBatch({ drafts: [draft], callbackUrl: undefined, namesCallback: false }, callerOf('q-2'), {
      ...deps,
      uploadStore,
    }).catch(() => undefined);

    await expect.poll(uploadStore.readStoredBytes).toBe(0);
    expect(await photoKeys()).toEqual([]);
  });

  it('is not added, alone or in a batch', async () => {
    await redis.set(KEYS.userJobs(TENANT, ACCEPTABLE.user_id), 'not an index');
    const alone = await prepareJob(request(), callerOf('q-1'), deps);
    const draft = draftJob(request(), callerOf('q-2'), deps);
    const batch = { drafts: [draft], callbackUrl: undefined, namesCallback: false };

    await expect(submitJob(alone, callerOf('q-1'), deps)).rejects.toMatchObject({
      code: 'queue_unavailable',
    });
    await redis.flushdb();
    await redis.set(KEYS.userJobs(TENANT, ACCEPTABLE.user_id), 'not an index');
    await expect(acceptBatch(batch, callerOf('q-2'), deps)).rejects.toMatchObject({
      code: 'queue_unavailable',
    });

    expect(await deps.queue.countWaiting()).toBe(0);
    expect(await deps.batches.listOpen(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });
});
