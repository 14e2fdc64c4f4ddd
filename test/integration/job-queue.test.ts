import { once } from 'node:events';
import { UnrecoverableError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createJobQueue } from '../../src/api/jobs/job-queue.js';
import type { ComparisonOutcome } from '../../src/shared/contract/comparison-outcome.js';
import { JOB_VERSION } from '../../src/shared/queue/comparison-job.js';
import { createFairQueue } from '../../src/shared/queue/fair-queue.js';
import { createKeyspace } from '../../src/shared/queue/keyspace.js';
import { createLogger } from '../../src/shared/runtime/logger.js';
import { WEBHOOK_QUEUE, webhookJobId } from '../../src/shared/webhooks/webhook-job.js';
import { createWebhookQueue } from '../../src/shared/webhooks/webhook-queue.js';
import { startHeartbeat } from '../../src/worker/upkeep/heartbeat.js';
import { comparisonJob } from '../support/builders/comparison-job.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

const PREFIX = '{test}';
const KEYS = createKeyspace({ prefix: PREFIX, model: 'lite' });
const MATCH: ComparisonOutcome = { ok: true, matched: true };

/** A connection to Redis that runs a function after each command. */
class EventfulRedis extends Redis {
  after: () => Promise<void> = async () => undefined;

  override async sendCommand(...args: Parameters<Redis['sendCommand']>): Promise<unknown> {
    const reply = await super.sendCommand(...args);
    await this.after();
    return reply;
  }
}

let server: RedisServer;
let redis: EventfulRedis;
let worker: Worker;
let end = (): void => undefined;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server?.stop());

afterEach(async () => {
  vi.useRealTimers();
  await worker?.close();
  redis?.disconnect();
});

const onError = (error: unknown): never => expect.unreachable(String(error));

/** Runs the job that `add` adds to a queue until only its end is missing; `finish` ends it. */
async function startJob(
  queueName: string,
  add: () => Promise<unknown>,
  finish: () => unknown,
): Promise<void> {
  const mayEnd = new Promise<void>((resolve) => {
    end = resolve;
  });
  worker = new Worker(queueName, () => mayEnd.then(finish), {
    connection: { url: server.url },
    prefix: PREFIX,
  });
  const started = once(worker, 'active');
  await add();
  await started;
}

/** Ends the job right after the n-th command from now on. */
function endAfter(nth: number, event: 'completed' | 'failed'): void {
  let commands = 0;
  redis.after = async () => {
    commands += 1;
    if (commands !== nth) return;
    const ended = once(worker, event);
    end();
    await ended;
  };
}

describe('the jobs of a person', () => {
  it('are not those of another person whose request came first under the same Idempotency-Key', async () => {
    redis = new EventfulRedis(server.url, { maxRetriesPerRequest: null });
    const fairQueue = createFairQueue(redis, PREFIX, KEYS.queueName);
    const options = { keys: KEYS, retentionSeconds: 60, deadlineSeconds: 60, fairQueue, onError };
    const queue = createJobQueue({ redis, ...options });
    const [first, second] = ['first', 'second'].map((user_id) => comparisonJob({ user_id, tenant: 'bank' }));

    await queue.add('r_key', first!, 1);
    await queue.add('r_key', second!, 1);
    await queue.index([{ jobId: 'r_later', payload: second! }]);

    expect(await queue.listUserJobs('bank', 'first')).toEqual(['r_key']);
    expect(await queue.listUserJobs('bank', 'second')).toEqual(['r_later']);
    await queue.erase('r_key', 'bank');
    await queue.close();
  });
});

describe('the workers of a pack', () => {
  it('are counted once each, although one was killed and started again at its place', async () => {
    redis = new EventfulRedis(server.url);
    const beat = (port: number) =>
      startHeartbeat({
        redis,
        keys: KEYS,
        clock: { isSynchronised: () => true, now: Date.now, synchronise: async () => undefined },
        logger: createLogger('test', 'silent'),
        canWork: () => true,
        address: { host: '127.0.0.1', port },
      });

    // The first one never reports that it leaves.
    const killed = await beat(8_334);
    const heartbeats = [await beat(8_334), await beat(8_335)];

    expect(await redis.zcard(KEYS.workers)).toBe(2);
    await Promise.all([killed, ...heartbeats].map(({ stop }) => stop()));
  });

  it('do not count one that leaves in the middle of a heartbeat', async () => {
    redis = new EventfulRedis(server.url);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let clockRead = Promise.resolve();
    const heartbeat = await startHeartbeat({
      redis,
      keys: KEYS,
      clock: { isSynchronised: () => true, now: Date.now, synchronise: () => clockRead },
      logger: createLogger('test', 'silent'),
      canWork: () => true,
      address: { host: '127.0.0.1', port: 8_334 },
    });
    let answer = (): void => undefined;
    clockRead = new Promise((resolve) => {
      answer = resolve;
    });
    vi.advanceTimersByTime(5_000);

    await heartbeat.stop();
    const isTidied = new Promise<void>((resolve) => {
      redis.after = async () => resolve();
    });
    answer();
    await isTidied;

    expect(await redis.zcard(KEYS.workers)).toBe(0);
  });
});

describe('a job that ends while it is read', () => {
  it.each([1, 2, 3])(
    'never shows as ended without its result, when it ends after command %i',
    async (nth) => {
      redis = new EventfulRedis(server.url);
      const jobId = `r_${nth}`;
      const queue = createJobQueue({
        redis,
        keys: KEYS,
        retentionSeconds: 60,
        deadlineSeconds: 60,
        fairQueue: createFairQueue(redis, PREFIX, KEYS.queueName),
        onError,
      });
      await startJob(
        KEYS.queueName,
        () => queue.add(jobId, comparisonJob(), 1),
        () => MATCH,
      );
      endAfter(nth, 'completed');

      const seen = await queue.read(jobId);
      end();

      expect(seen?.outcome ?? seen?.state).toEqual(seen?.state === 'ended' ? MATCH : 'active');
    },
  );

  it.each([1, 2, 3])('never shows a given-up webhook without the reason, after command %i', async (nth) => {
    redis = new EventfulRedis(server.url);
    const webhooks = createWebhookQueue({
      redis,
      keys: KEYS,
      retentionSeconds: 60,
      onError,
    });
    const jobId = webhookJobId(`r_${nth}`);
    await startJob(
      WEBHOOK_QUEUE,
      () => webhooks.queue.add('deliver', { v: JOB_VERSION, job_id: '', tenant: '', model: '' }, { jobId }),
      () => Promise.reject(new UnrecoverableError('the receiver is gone')),
    );
    endAfter(nth, 'failed');

    const seen = await webhooks.readState(`r_${nth}`);
    end();

    if (seen?.status === 'failed') expect(seen.last_error).toBe('the receiver is gone');
    else expect(seen?.status).toBe('delivering');
  });
});
