import { once } from 'node:events';
import { Hono } from 'hono';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../../src/api/http/app-context.js';
import { errorResponse } from '../../src/api/http/error-response.js';
import { listFailedWebhooksOperation } from '../../src/api/operations/list-failed-webhooks.js';
import { retryWebhookOperation } from '../../src/api/operations/retry-webhook.js';
import { failedWebhooksSchema } from '../../src/shared/contract/webhook-body.js';
import { listFailed } from '../../src/shared/webhooks/failed-webhooks.js';
import { startWebhookBench, WEBHOOK_SECRET, type WebhookBench } from '../support/servers/webhook-bench.js';
import {
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../support/servers/webhook-receiver.js';

/** A line to Redis on which something happens after each command. */
class EventfulRedis extends Redis {
  after: () => Promise<unknown> = async () => undefined;

  override async sendCommand(...args: Parameters<Redis['sendCommand']>): Promise<unknown> {
    const reply = await super.sendCommand(...args);
    await this.after();
    return reply;
  }
}

let bench: WebhookBench;
let receiver: WebhookReceiver;
let app: Hono<AppContext>;

beforeAll(async () => {
  bench = await startWebhookBench();
  app = new Hono<AppContext>();
  app.get('/webhooks/failed', listFailedWebhooksOperation.createHandler(bench));
  app.post('/webhooks/:id/retry', retryWebhookOperation.createHandler(bench));
  app.onError((error, context) => errorResponse(context, error));
});

beforeEach(async () => {
  receiver = await startWebhookReceiver();
});

afterEach(async () => {
  await bench.reset();
  await receiver.stop();
});

afterAll(async () => {
  await bench.stop();
});

/** Adds webhooks to a receiver that wants no more and returns once each has become a dead letter. */
async function addDeadLetters(...jobIds: string[]): Promise<void> {
  const worker = bench.startWorker();
  for (const jobId of jobIds) {
    await bench.add(jobId, `${receiver.script('/T0KEN', [410])}?signature=S1GNATURE`);
    await untilStatus(jobId, 'failed');
  }
  await worker.close(1_000);
}

const untilStatus = (jobId: string, status: string) =>
  expect
    .poll(async () => (await bench.webhooks.readState(jobId))?.status, {
      timeout: 10_000,
      interval: 10,
    })
    .toBe(status);

async function list(query = '') {
  const response = await app.request(`/webhooks/failed${query}`);
  expect(response.status).toBe(200);
  return failedWebhooksSchema.parse(await response.json());
}

const retry = (id: string) => app.request(`/webhooks/${id}/retry`, { method: 'POST' });

async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { code?: unknown }).code;
}

describe('GET /webhooks/failed', () => {
  it('is empty if no delivery failed for good', async () => {
    expect(await list()).toEqual({ items: [] });
  });

  it('lists an unreadable record as such beside the others, and lets it be erased', async () => {
    await addDeadLetters('r_1', 'r_2');
    await bench.redis.hset(bench.queue.toKey('wh_r_1'), 'data', '{broken');

    const { items } = await list();
    expect(await codeOf(await retry('wh_r_1'))).toBe('webhook_not_found');
    const erased = await bench.webhooks.erase('r_1');

    expect(items.map(({ job_id }) => job_id)).toEqual(['r_2', 'r_1']);
    expect(items[1]?.last_error).toBe('the record cannot be read');
    expect(erased).toBe(true);
    expect((await list()).items.map(({ job_id }) => job_id)).toEqual(['r_2']);
  });

  it('shows the host and the reason of each dead letter, and never the rest of its URL', async () => {
    await addDeadLetters('r_1');

    const response = await app.request('/webhooks/failed');
    const text = await response.text();

    const { items } = failedWebhooksSchema.parse(JSON.parse(text));
    expect(items).toEqual([
      {
        id: 'wh_r_1',
        job_id: 'r_1',
        host: `127.0.0.1:${receiver.port}`,
        attempts: 1,
        last_error: 'the receiver answered 410',
        failed_at: expect.any(String),
      },
    ]);
    expect(Math.abs(Date.now() - Date.parse(items[0]?.failed_at ?? ''))).toBeLessThan(10_000);
    expect(text).not.toMatch(/T0KEN|S1GNATURE/);
  });

  it('returns pages, newest first', async () => {
    await addDeadLetters('r_1', 'r_2', 'r_3');

    const first = await list('?limit=2');
    const second = await list(`?limit=2&cursor=${first.next_cursor}`);

    expect(first.items.map(({ job_id }) => job_id)).toEqual(['r_3', 'r_2']);
    expect(second.items.map(({ job_id }) => job_id)).toEqual(['r_1']);
    expect(second.next_cursor).toBeUndefined();
  });

  it('names the next page although the last of this one is replayed meanwhile', async () => {
    await addDeadLetters('r_1', 'r_2', 'r_3');
    const redis = new EventfulRedis(bench.server.url);
    await once(redis, 'ready');
    redis.after = () => bench.redis.zrem(bench.queue.toKey('failed'), 'wh_r_2');

    const first = await listFailed({ limit: 2 }, bench.queue, redis);
    redis.disconnect();
    const second = await list(`?limit=2&cursor=${first.next_cursor}`);

    expect(second.items.map(({ job_id }) => job_id)).toEqual(['r_1']);
  });

  it.each([
    ['before the cursor', 'r_4'],
    ['at the cursor', 'r_3'],
  ])('skips nothing when a dead letter %s is replayed between two pages', async (_where, replayed) => {
    await addDeadLetters('r_1', 'r_2', 'r_3', 'r_4');
    const first = await list('?limit=2');

    await retry(replayed);
    const second = await list(`?limit=2&cursor=${first.next_cursor}`);

    expect(second.items.map(({ job_id }) => job_id)).toEqual(['r_2', 'r_1']);
  });

  it.each(['?limit=0', '?limit=101', '?limit=many', '?cursor=nonsense'])('refuses %s', async (query) => {
    const response = await app.request(`/webhooks/failed${query}`);

    expect(response.status).toBe(422);
    expect(await codeOf(response)).toBe('invalid_request');
  });
});

describe('POST /webhooks/:id/retry', () => {
  it('restarts the schedule under the same webhook-id', async () => {
    await addDeadLetters('r_1');
    receiver.script('/T0KEN', [500, 204]);

    const response = await retry('wh_r_1');

    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ id: 'wh_r_1', job_id: 'r_1', status: 'pending' });
    expect(await bench.webhooks.readState('r_1')).toEqual({ status: 'pending', attempts: 0 });
    bench.startWorker();
    await untilStatus('r_1', 'delivered');
    expect(await bench.webhooks.readState('r_1')).toEqual({ status: 'delivered', attempts: 2 });
    expect(receiver.received.map(({ id }) => id)).toEqual(['wh_r_1', 'wh_r_1', 'wh_r_1']);
    for (const received of receiver.received) {
      expect(verifyReceived(received, WEBHOOK_SECRET)).toEqual({ data: { job_id: 'r_1' } });
    }
    expect(await list()).toEqual({ items: [] });
  });

  it('also accepts the id of the comparison', async () => {
    await addDeadLetters('r_1');

    expect((await retry('r_1')).status).toBe(202);
  });

  it('answers 404 for a delivery that was never queued', async () => {
    const response = await retry('wh_r_none');

    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe('webhook_not_found');
  });

  it('refuses one that is still waiting', async () => {
    await bench.add('r_1', receiver.script('/hook', [204]));

    const response = await retry('wh_r_1');

    expect(response.status).toBe(409);
    expect(await codeOf(response)).toBe('webhook_not_failed');
  });

  it('refuses one that has been delivered', async () => {
    bench.startWorker();
    await bench.add('r_1', receiver.script('/hook', [204]));
    await untilStatus('r_1', 'delivered');

    const response = await retry('wh_r_1');

    expect(await codeOf(response)).toBe('webhook_not_failed');
    expect(receiver.received).toHaveLength(1);
  });

  it('answers 503 while Redis is unavailable', async () => {
    await bench.server.kill();

    const answers = await Promise.all([app.request('/webhooks/failed'), retry('wh_r_1')]);

    await bench.server.start();
    await expect.poll(() => bench.redis.status, { timeout: 60_000 }).toBe('ready');
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
  });
});
