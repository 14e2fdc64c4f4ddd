import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createFairQueue,
  type EntryLimits,
  type FairQueue,
  type OrderedJob,
  SYNC_HEAD_START,
} from '../../src/shared/queue/fair-queue.js';
import { compareQueueName } from '../../src/shared/queue/keyspace.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

const PREFIX = '{test}';
const NO_LIMITS: EntryLimits = { maxOwn: Number.POSITIVE_INFINITY, maxAhead: Number.POSITIVE_INFINITY };

let server: RedisServer;
let redis: Redis;
let queue: Queue<OrderedJob>;
let fairQueue: FairQueue;
let added = 0;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = new Queue(compareQueueName('lite'), { connection: redis, prefix: PREFIX });
  fairQueue = createFairQueue(redis, PREFIX, queue.name);
});

beforeEach(() => redis.flushall());

afterAll(async () => {
  await queue?.close();
  redis?.disconnect();
  await server?.stop();
});

interface AddOptions {
  readonly sync?: boolean;
  readonly weight?: number;
}

/** Lets a job in and adds it to the real queue, named after its tenant. */
async function add(tenant: string, { sync = true, weight = 1 }: AddOptions = {}): Promise<OrderedJob> {
  added += 1;
  const job = { jobId: `r_${added}`, tenant, sync };
  const place = await fairQueue.enter({ ...job, acceptedAt: Date.now(), weight }, NO_LIMITS);
  if (!place.admitted) return expect.unreachable('there are no limits');
  await queue.add('compare', job, { jobId: job.jobId, priority: place.priority });
  return job;
}

async function addMany(count: number, tenant: string, options: AddOptions = {}): Promise<void> {
  for (let i = 0; i < count; i += 1) await add(tenant, options);
}

/** Takes the first `count` jobs as a worker does and returns whose they were. */
async function serve(count: number): Promise<string[]> {
  const served: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const [id] = await redis.zpopmin(queue.toKey('prioritized'));
    const job = await queue.getJob(String(id));
    if (!job) break;
    await fairQueue.start(job.data, job.priority);
    served.push(`${job.data.tenant}${job.data.sync ? '' : '*'}`);
  }
  return served;
}

const count = (served: readonly string[], who: string) => served.filter((name) => name === who).length;

/** Waiting jobs of a tenant, as they count against its share. */
async function waitingOf(tenant: string): Promise<number> {
  const place = await fairQueue.enter(
    { jobId: 'probe', tenant, sync: true, acceptedAt: 0 },
    { ...NO_LIMITS, maxOwn: 0 },
  );
  return place.admitted ? Number.NaN : place.own;
}

describe('the order among tenants', () => {
  it.each([{ sync: true }, { sync: false }])(
    'serves the first job of one before the second of another’s hundred (sync: $sync)',
    async ({ sync }) => {
      await addMany(100, 'big', { sync });
      await add('small', { sync });

      expect((await serve(2)).join()).toContain('small');
    },
  );

  it('gives two busy tenants half of the turns each, however many jobs they have', async () => {
    await addMany(80, 'big');
    await addMany(4, 'small');
    const served: string[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      const [tenant = ''] = await serve(1);
      served.push(tenant);
      await add(tenant);
    }

    expect(Math.abs(count(served, 'big') - count(served, 'small'))).toBeLessThanOrEqual(4);
  });

  it.each([{ sync: true }, { sync: false }])(
    'gives busy tenants of weight 3 and 1 turns in this ratio, however many jobs they have (sync: $sync)',
    async ({ sync }) => {
      const weights = { gold: 3, basic: 1 };
      await addMany(60, 'basic', { sync });
      await addMany(12, 'gold', { sync, weight: weights.gold });
      const served: string[] = [];
      for (let turn = 0; turn < 80; turn += 1) {
        const [name = ''] = await serve(1);
        const tenant = name.startsWith('gold') ? 'gold' : 'basic';
        served.push(tenant);
        await add(tenant, { sync, weight: weights[tenant] });
      }

      expect(Math.abs(count(served, 'gold') - 60)).toBeLessThanOrEqual(3);
      // At any time, not only in the end.
      expect(Math.abs(count(served.slice(0, 40), 'gold') - 30)).toBeLessThanOrEqual(3);
    },
  );

  it('serves jobs with a waiting caller before jobs without one, whatever their tenant', async () => {
    await addMany(20, 'batch', { sync: false });
    await addMany(20, 'big');
    await addMany(2, 'small');

    expect((await serve(22)).every((name) => !name.endsWith('*'))).toBe(true);
    expect(await serve(20)).toEqual(Array.from({ length: 20 }, () => 'batch*'));
  });

  it('makes jobs without a caller wait for a limited number of rounds', async () => {
    await add('batch', { sync: false });
    await addMany(4, 'big');
    const served: string[] = [];
    for (let round = 0; round < SYNC_HEAD_START + 10; round += 1) {
      served.push(...(await serve(1)));
      await add('big');
    }

    expect(served).toContain('batch*');
    expect(served.indexOf('batch*')).toBeGreaterThan(SYNC_HEAD_START - 10);
  }, 60_000);

  it('does not make a tenant pay for jobs that it took out again', async () => {
    await addMany(2, 'small');
    for (let i = 0; i < 50; i += 1) {
      const job = await add('big');
      await (await queue.getJob(job.jobId))?.remove();
      await fairQueue.leave(job);
    }
    await add('big');

    expect((await serve(2)).toSorted()).toEqual(['big', 'small']);
  });
});

describe('the limit on jobs ahead of a new one', () => {
  it('counts jobs of its tenant in both rows until they start', async () => {
    await addMany(3, 'big');
    await addMany(2, 'big', { sync: false });
    await add('small');

    expect(await waitingOf('big')).toBe(5);
    await serve(6);
    expect(await waitingOf('big')).toBe(0);
  });

  it('is never exceeded, however many jobs come at once', async () => {
    const limits = { ...NO_LIMITS, maxOwn: 10 };
    const enter = (index: number) =>
      fairQueue.enter({ jobId: `r_at_once_${index}`, tenant: 'big', sync: false, acceptedAt: 0 }, limits);

    const places = await Promise.all(Array.from({ length: 50 }, (_, index) => enter(index)));

    expect(places.filter(({ admitted }) => admitted)).toHaveLength(10);
    expect(places.find(({ admitted }) => !admitted)).toMatchObject({ own: 10, because: 'own' });
  });

  it('counts all jobs that go before it, and no others', async () => {
    await addMany(30, 'big');
    const enter = (tenant: string, maxAhead: number) =>
      fairQueue.enter({ jobId: 'r_x', tenant, sync: true, acceptedAt: 0 }, { ...NO_LIMITS, maxAhead });

    expect(await enter('big', 20)).toMatchObject({ admitted: false, because: 'ahead' });
    expect(await enter('small', 2)).toMatchObject({ admitted: true });
  });
});

describe('tidying', () => {
  it('forgets jobs that entered but did not reach the queue in time', async () => {
    await addMany(3, 'big');
    for (const jobId of ['r_lost', 'r_lost_too'])
      await fairQueue.enter({ jobId, tenant: 'big', sync: false, acceptedAt: 1_000 }, NO_LIMITS);

    await fairQueue.tidy(1_000);
    expect(await waitingOf('big')).toBe(5);
    await fairQueue.tidy(1_001);

    expect(await waitingOf('big')).toBe(3);
  });

  it('counts a job that a worker put back for a while as waiting', async () => {
    const job = { jobId: 'r_put_back', tenant: 'big', sync: true };
    await fairQueue.enter({ ...job, acceptedAt: 0 }, NO_LIMITS);
    await queue.add('compare', job, { jobId: job.jobId, priority: 1, delay: 60_000 });

    await fairQueue.tidy(1_000);

    expect(await waitingOf('big')).toBe(1);
  });

  it('knows how many jobs of each tenant wait, with and without a caller, and since when', async () => {
    await addMany(2, 'big');
    await add('big', { sync: false });
    await add('small');
    const first = await fairQueue.readWaiting();
    await serve(4);

    const later = await fairQueue.readWaiting();

    expect([...first].map(([tenant, waiting]) => [tenant, waiting.count]).toSorted()).toEqual([
      ['big', 3],
      ['small', 1],
    ]);
    const oldest = first.get('big')?.oldestAcceptedAt ?? 0;
    expect(oldest).toBeLessThanOrEqual(first.get('small')?.oldestAcceptedAt ?? 0);
    expect(later.get('big') ?? { count: 0, oldestAcceptedAt: undefined }).toEqual({
      count: 0,
      oldestAcceptedAt: undefined,
    });
  });

  it('leaves nothing behind of a tenant that has no jobs', async () => {
    await add('gone');
    await serve(1);
    await fairQueue.tidy(0);

    expect(await redis.keys('*gone*')).toEqual([]);
    expect((await redis.hkeys(`${PREFIX}:fair:compare-lite`)).join()).not.toContain('gone');
  });

  it('restarts its count after a million rounds and keeps the order', async () => {
    const orderKey = `${PREFIX}:fair:compare-lite`;
    await redis.hset(orderKey, 'now', 1_000_001);
    await addMany(10, 'big');
    await addMany(3, 'small');
    await addMany(3, 'batch', { sync: false });

    await fairQueue.tidy(0);
    await add('late');

    expect(Number(await redis.hget(orderKey, 'now'))).toBe(0);
    const served = await serve(17);
    expect(
      served
        .slice(0, 7)
        .filter((name) => name !== 'big')
        .toSorted(),
    ).toEqual(['late', 'small', 'small', 'small']);
    expect(served.slice(14)).toEqual(['batch*', 'batch*', 'batch*']);
    expect(Number(await redis.hget(orderKey, 'now'))).toBeLessThan(100);
  });

  it('moves up a job that was added just when the count restarted and stands too far back', async () => {
    await queue.add(
      'compare',
      { jobId: 'r_far', tenant: 'far', sync: true },
      { jobId: 'r_far', priority: 1_500_000 },
    );
    await addMany(3, 'big');

    await fairQueue.tidy(0);

    const far = await queue.getJob('r_far');
    expect(far?.priority).toBeLessThanOrEqual(SYNC_HEAD_START + 6);
    expect((await serve(4)).at(-1)).toBe('far');
  });
});
