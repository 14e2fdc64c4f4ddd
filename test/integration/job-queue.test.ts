import { once } from 'node:events';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createJobQueue, type JobQueue } from '../../src/api/job-queue.js';
import {
  type ComparisonJob,
  type ComparisonOutcome,
  compareQueueName,
  JOB_VERSION,
} from '../../src/shared/queue-contract.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const PREFIX = '{test}';
const PAYLOAD: ComparisonJob = {
  v: JOB_VERSION,
  user_id: 'u-1',
  threshold: 0.5,
  min_matches: 2,
  evidence: false,
  sync: false,
  tenant: 'anonymous',
  request_digest: '',
  request_id: '',
  accepted_at: Date.now(),
  deadline_at: Date.now() + 60_000,
};

const MATCH: ComparisonOutcome = { ok: true, matched: true };

/** A line to Redis on which something happens after each command. */
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
let queue: JobQueue;
let worker: Worker<ComparisonJob, ComparisonOutcome>;
let end = (): void => undefined;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server?.stop());

afterEach(async () => {
  await worker?.close();
  await queue?.close();
  redis?.disconnect();
});

/** Opens the queue and runs one job in it up to the point where it only has to end. */
async function startJob(jobId: string): Promise<void> {
  redis = new EventfulRedis(server.url);
  queue = createJobQueue({
    redis,
    prefix: PREFIX,
    model: 'lite',
    retentionSeconds: 60,
    onError: (error) => expect.unreachable(String(error)),
  });
  const mayEnd = new Promise<void>((resolve) => {
    end = resolve;
  });
  worker = new Worker(
    compareQueueName('lite'),
    async () => {
      await mayEnd;
      return MATCH;
    },
    { connection: { url: server.url }, prefix: PREFIX },
  );
  const started = once(worker, 'active');
  await queue.add(jobId, PAYLOAD, 0);
  await started;
}

describe('a job that ends while it is read', () => {
  it.each([1, 2, 3])(
    'never shows as ended without its result, when it ends after command %i',
    async (nth) => {
      await startJob(`r_${nth}`);
      let commands = 0;
      redis.after = async () => {
        commands += 1;
        if (commands !== nth) return;
        const completed = once(worker, 'completed');
        end();
        await completed;
      };

      const seen = await queue.read(`r_${nth}`);
      end();

      expect(seen?.outcome ?? seen?.state).toEqual(seen?.state === 'ended' ? MATCH : 'active');
    },
  );
});
