import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { webhookJobId } from '../../src/shared/webhooks/webhook-job.js';
import { startWebhookBench, WEBHOOK_SECRET, type WebhookBench } from '../support/servers/webhook-bench.js';
import {
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../support/servers/webhook-receiver.js';

let bench: WebhookBench;
let receiver: WebhookReceiver;
let child: ChildProcess | undefined;

beforeAll(async () => {
  bench = await startWebhookBench();
});

beforeEach(async () => {
  receiver = await startWebhookReceiver();
});

afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await bench.reset();
  await receiver.stop();
});

afterAll(async () => {
  await bench.stop();
});

const stateOf = (jobId: string) => bench.webhooks.readState(jobId);
const untilStatus = (jobId: string, status: string) =>
  expect.poll(async () => (await stateOf(jobId))?.status, { timeout: 60_000, interval: 20 }).toBe(status);

function startChild(): { readonly output: () => string } {
  const script = fileURLToPath(new URL('../support/programs/webhook-worker-child.ts', import.meta.url));
  let text = '';
  child = spawn(
    process.execPath,
    ['--import', 'tsx', script, bench.server.url, bench.prefix, WEBHOOK_SECRET],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  return { output: () => text };
}

describe('the webhook worker', () => {
  it('retries a failure under the same id until the receiver accepts it', async () => {
    const url = receiver.script('/hook', [500, 503, 204]);
    bench.startWorker();

    await bench.add('r_1', url);
    await untilStatus('r_1', 'delivered');

    expect(receiver.received.map(({ id }) => id)).toEqual(['wh_r_1', 'wh_r_1', 'wh_r_1']);
    for (const received of receiver.received) {
      expect(verifyReceived(received, WEBHOOK_SECRET)).toEqual({ data: { job_id: 'r_1' } });
    }
    expect(await stateOf('r_1')).toEqual({ status: 'delivered', attempts: 3 });
    expect(bench.events.map(({ result, attempt }) => [result, attempt])).toEqual([
      ['retry', 1],
      ['retry', 2],
      ['delivered', 3],
    ]);
  });

  it('leaves neither URL nor body in Redis after the delivery', async () => {
    bench.startWorker();

    await bench.add('r_1', receiver.script('/T0KEN', [204]), { body: '{"note":"B0DY"}' });
    await untilStatus('r_1', 'delivered');

    const hash = await bench.redis.hgetall(bench.queue.toKey(webhookJobId('r_1')));
    const events = await bench.redis.xrange(bench.queue.toKey('events'), '-', '+');
    expect(hash).toHaveProperty('data');
    expect(JSON.stringify([hash, events])).not.toMatch(/T0KEN|B0DY/);
  });

  it('shows what the receiver answered while it waits for the next attempt', async () => {
    bench.startWorker({ retryDelaysMs: [60_000] });

    await bench.add('r_1', receiver.script('/hook', [500]));
    await receiver.waitFor('/hook', 1);
    await untilStatus('r_1', 'pending');

    expect(await stateOf('r_1')).toEqual({
      status: 'pending',
      attempts: 1,
      last_error: 'the receiver answered 500',
    });
  });

  it('waits as long as Retry-After asks', async () => {
    const url = receiver.script('/hook', [{ status: 429, headers: { 'retry-after': '1' } }, 204]);
    bench.startWorker();

    await bench.add('r_1', url);
    const [first, second] = await receiver.waitFor('/hook', 2);

    expect((second?.receivedAt ?? 0) - (first?.receivedAt ?? 0)).toBeGreaterThanOrEqual(950);
  });

  it('stops for good when the receiver answers 410', async () => {
    bench.startWorker();

    await bench.add('r_1', receiver.script('/hook', [410]));
    await untilStatus('r_1', 'failed');

    expect(await stateOf('r_1')).toEqual({
      status: 'failed',
      attempts: 1,
      last_error: 'the receiver answered 410',
    });
    expect(receiver.received).toHaveLength(1);
  });

  it('gives up after the last attempt', async () => {
    bench.startWorker();

    await bench.add('r_1', receiver.script('/hook', [500]), { attempts: 3 });
    await untilStatus('r_1', 'failed');

    expect(receiver.received).toHaveLength(3);
    expect(bench.events.at(-1)).toMatchObject({ result: 'exhausted', attempt: 3 });
  });

  it('refuses an address that is not allowed, and records it', async () => {
    bench.startWorker();

    await bench.add('r_1', 'http://169.254.169.254/latest');
    await untilStatus('r_1', 'failed');

    expect((await stateOf('r_1'))?.last_error).toBe('the address is not allowed');
    expect(bench.events).toMatchObject([{ result: 'refused', attempt: 1 }]);
  });

  it('fails a job of a version it does not know and continues with the next', async () => {
    bench.startWorker();

    await bench.queue.add('deliver', { v: 99 } as never, { jobId: webhookJobId('r_future'), attempts: 5 });
    await bench.add('r_1', receiver.script('/hook', [204]));
    await untilStatus('r_1', 'delivered');
    await untilStatus('r_future', 'failed');

    expect((await stateOf('r_future'))?.attempts).toBe(1);
  });

  it('sends every receiver its own result when many end together', async () => {
    const jobs = Array.from({ length: 40 }, (_, index) => `r_${index}`);
    bench.startWorker();
    bench.startWorker();

    await Promise.all(jobs.map((jobId) => bench.add(jobId, receiver.script(`/${jobId}`, [500, 204]))));
    await Promise.all(jobs.map((jobId) => receiver.waitFor(`/${jobId}`, 2)));

    await Promise.all(jobs.map((jobId) => untilStatus(jobId, 'delivered')));

    // Twice each, or more often: a delivery whose record is lost is repeated under the same id.
    for (const received of receiver.received) {
      const jobId = received.path.slice(1);
      expect(received.id).toBe(webhookJobId(jobId));
      expect(verifyReceived(received, WEBHOOK_SECRET)).toEqual({ data: { job_id: jobId } });
    }
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(jobs.length);
  });

  it('does not let a slow receiver delay a fast one', async () => {
    // Slots are shared by address too.
    const fast = await startWebhookReceiver('127.0.0.2');
    const fastDone = fast.waitFor('/fast', 1);
    let running = 0;
    let most = 0;
    const slowUrl = receiver.script('/slow', [
      async (response) => {
        running += 1;
        most = Math.max(most, running);
        await fastDone;
        setTimeout(() => {
          running -= 1;
          response.writeHead(204).end();
        }, 20);
      },
    ]);
    // One tenant gets half of the slots: two for each receiver.
    bench.startWorker({ concurrency: 8, concurrencyPerHost: 2 });
    const slowJobs = Array.from({ length: 8 }, (_, index) => `r_slow${index}`);
    for (const jobId of slowJobs) await bench.add(jobId, slowUrl);
    await receiver.waitFor('/slow', 2);

    await bench.add('r_fast', fast.script('/fast', [204]));
    await fastDone;
    await Promise.all(slowJobs.map((jobId) => untilStatus(jobId, 'delivered')));
    await fast.stop();

    expect(most).toBe(2);
    // Being sent away for lack of a slot is no attempt, and nobody was asked twice.
    expect(await Promise.all(slowJobs.map(stateOf))).toEqual(
      slowJobs.map(() => ({ status: 'delivered', attempts: 1 })),
    );
    expect(receiver.received).toHaveLength(slowJobs.length);
  });

  it('delivers again under the same id if the worker is killed before it records the delivery', async () => {
    let release = (): void => undefined;
    const url = receiver.script('/hook', [
      (response) => (release = () => void response.writeHead(204).end()),
      204,
    ]);
    startChild();

    await bench.add('r_1', url);
    await receiver.waitFor('/hook', 1);
    child?.kill('SIGKILL');
    release();
    bench.startWorker();
    await untilStatus('r_1', 'delivered');

    const [first, second] = receiver.received;
    expect(receiver.received).toHaveLength(2);
    expect(second?.id).toBe(first?.id);
    expect(second?.rawBody).toEqual(first?.rawBody);
  });

  it('does not send again what was delivered by a worker that died before it could complete the job', async () => {
    await bench.add('r_1', receiver.script('/hook', [204]));
    const job = await bench.queue.getJob(webhookJobId('r_1'));
    const { url: _url, body: _body, ...stripped } = job?.data ?? { v: 1, job_id: '', tenant: '', model: '' };
    await job?.updateData(stripped);

    bench.startWorker();
    await untilStatus('r_1', 'delivered');

    expect(receiver.received).toEqual([]);
  });

  it('writes ids, hosts and codes to the log and neither secrets, paths nor bodies', async () => {
    const { output } = startChild();

    await bench.add('r_1', receiver.script('/T0KEN', [500, 204]), { body: '{"note":"B0DY"}' });
    await bench.add('r_2', 'http://10.1.2.3/T0KEN?signature=S1GNATURE', { body: '{"note":"B0DY"}' });
    await bench.add('r_3', 'http://127.0.0.1:1/T0KEN', { attempts: 1, body: '{"note":"B0DY"}' });
    await untilStatus('r_1', 'delivered');
    await untilStatus('r_2', 'failed');
    await untilStatus('r_3', 'failed');
    await vi.waitFor(() => expect(output().match(/webhook attempt/g)).toHaveLength(4), 60_000);

    expect(output()).toContain('"webhook_id":"wh_r_1"');
    expect(output()).toContain(`"host":"127.0.0.1:${receiver.port}"`);
    expect(output()).toContain('"result":"exhausted"');
    expect(output()).not.toMatch(/T0KEN|B0DY|S1GNATURE|whsec_|v1,/);
    expect(output()).not.toContain(WEBHOOK_SECRET.slice('whsec_'.length));
  });

  it('notes a delivery that ended while Redis was unavailable', async () => {
    let release = (): void => undefined;
    const url = receiver.script('/hook', [
      (response) => {
        release = () => void response.writeHead(204).end();
      },
      204,
    ]);
    bench.startWorker();
    await bench.add('r_1', url);
    await receiver.waitFor('/hook', 1);

    await bench.server.kill();
    release();
    await bench.server.start();
    await once(bench.redis, 'ready');
    await untilStatus('r_1', 'delivered');

    expect(new Set(receiver.received.map(({ id }) => id))).toEqual(new Set(['wh_r_1']));
  });

  it('finishes a running delivery before it closes', async () => {
    const url = receiver.script('/hook', [
      (response) => void setTimeout(() => response.writeHead(204).end(), 300),
    ]);
    const worker = bench.startWorker();
    await bench.add('r_1', url);
    await receiver.waitFor('/hook', 1);

    const clean = await worker.close(10_000);

    expect(clean).toBe(true);
    expect(await stateOf('r_1')).toEqual({ status: 'delivered', attempts: 1 });
  });

  it('returns a delivery that outlives the deadline without counting it', async () => {
    const url = receiver.script('/hook', [() => undefined, 204]);
    const worker = bench.startWorker();
    await bench.add('r_1', url);
    await receiver.waitFor('/hook', 1);

    const clean = await worker.close(1_100);

    expect(clean).toBe(true);
    expect(await stateOf('r_1')).toEqual({ status: 'pending', attempts: 0 });
    bench.startWorker();
    await untilStatus('r_1', 'delivered');
    expect(receiver.received.map(({ id }) => id)).toEqual(['wh_r_1', 'wh_r_1']);
  });

  it('reports no state for a webhook that was never queued', async () => {
    expect(await stateOf('r_none')).toBeUndefined();
  });
});
