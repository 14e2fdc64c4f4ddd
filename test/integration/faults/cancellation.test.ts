import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { webhookJobId } from '../../../src/shared/webhooks/webhook-job.js';
import { ACCEPTABLE, type Api, postJson, startApi } from '../../support/programs/api.js';
import { type OpenQueues, openQueues } from '../../support/servers/open-queues.js';

let api: Api;
let queues: OpenQueues;

beforeAll(async () => {
  api = await startApi();
  queues = openQueues(api.redis.url);
});

afterEach(async () => {
  expect(await queues.redis.zcard('{face}:cancelling:compare-lite')).toBe(0);
  await queues.queue.obliterate({ force: true });
});

afterAll(async () => {
  await queues?.close();
  await api?.stop();
});

const callback_url = 'https://backend.example.org/hook';

async function submit(changes: object = {}, headers: Record<string, string> = {}): Promise<string> {
  const answer = await postJson(`${api.origin}/jobs`, { ...ACCEPTABLE, ...changes }, headers);
  return ((await answer.json()) as { job_id: string }).job_id;
}

const cancel = async (jobId: string) =>
  (await fetch(`${api.origin}/jobs/${jobId}`, { method: 'DELETE' })).status;
const look = async (jobId: string) => (await fetch(`${api.origin}/jobs/${jobId}`)).json();

/** A caller that waits for an answer; `hangUp` ends its connection. */
function waitForAnswer(body: object) {
  const controller = new AbortController();
  const call = fetch(`${api.origin}/compare-faces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: controller.signal,
  }).catch(() => undefined);
  return {
    hangUp: async () => {
      controller.abort();
      await call;
    },
  };
}

async function waitingJob(): Promise<string> {
  await vi.waitFor(async () => expect(await queues.queue.getPrioritizedCount()).toBe(1), 5_000);
  const [job] = await queues.queue.getPrioritized();
  return job?.id ?? '';
}

describe('DELETE of a queued job', () => {
  it('sent many times at once cancels it once and leaves a record', async () => {
    for (let round = 0; round < 10; round += 1) {
      const jobId = await submit();

      const statuses = await Promise.all(Array.from({ length: 8 }, () => cancel(jobId)));

      expect(new Set(statuses)).toEqual(new Set([204]));
      expect(await look(jobId)).toMatchObject({ status: 'cancelled', error: { code: 'job_cancelled' } });
    }
  });

  it('gets the same answer when it is repeated', async () => {
    const jobId = await submit();

    expect([await cancel(jobId), await cancel(jobId)]).toEqual([204, 204]);
  });

  it('is reported by the one webhook of the job', async () => {
    const jobId = await submit({ callback_url });

    await Promise.all([cancel(jobId), cancel(jobId)]);

    const webhook = await queues.webhookQueue.getJob(webhookJobId(jobId));
    expect(JSON.parse(webhook?.data.body)).toMatchObject({
      type: 'comparison.failed',
      data: { job_id: jobId, status: 'cancelled' },
    });
    expect(await queues.redis.get(`{face}:cancelled:${jobId}`)).not.toContain(callback_url);
  });

  it('frees its Idempotency-Key for a job with an id and a webhook of its own, however often', async () => {
    const headers = { 'idempotency-key': 'asked-again' };
    const first = await submit({ callback_url }, headers);
    const joined = await submit({ callback_url }, headers);
    await cancel(first);
    const second = await submit({ callback_url }, headers);
    const joinedAgain = await submit({ callback_url }, headers);
    await cancel(second);

    const third = await submit({ callback_url }, headers);

    expect([joined, joinedAgain]).toEqual([first, second]);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(await look(first)).toMatchObject({ status: 'cancelled' });
    expect(await look(third)).toMatchObject({ status: 'queued' });
    for (const jobId of [first, second])
      expect((await queues.webhookQueue.getJob(webhookJobId(jobId)))?.data.job_id).toBe(jobId);
  });
});

describe('a chain of cancelled jobs under one Idempotency-Key', () => {
  /** Commands that read a record of a cancelled job, over `work`. */
  async function countReads(work: () => Promise<unknown>): Promise<number> {
    await queues.redis.config('RESETSTAT');
    await work();
    return Number(/cmdstat_get:calls=(\d+)/.exec(await queues.redis.info('commandstats'))?.[1] ?? 0);
  }

  it('costs its hundredth request no more than its second', async () => {
    const headers = { 'idempotency-key': 'cancelled-for-ever' };
    const submitAndCancel = async (): Promise<string> => {
      const jobId = await submit({}, headers);
      expect(await cancel(jobId)).toBe(204);
      return jobId;
    };
    const ids = [await submitAndCancel()];
    const early = await countReads(() => submit({}, headers));
    for (let turn = 0; turn < 100; turn += 1) ids.push(await submitAndCancel());

    const late = await countReads(() => submit({}, headers));

    expect(new Set(ids).size).toBe(101);
    expect(early).toBeGreaterThan(0);
    expect(late).toBeLessThanOrEqual(early);
  });
});

describe('a caller that hangs up', () => {
  it('leaves a job that shows as cancelled', async () => {
    const caller = waitForAnswer(ACCEPTABLE);
    const jobId = await waitingJob();

    await caller.hangUp();

    await vi.waitFor(async () => expect(await look(jobId)).toMatchObject({ status: 'cancelled' }), 5_000);
    expect(await queues.queue.getPrioritizedCount()).toBe(0);
  });

  it('leaves a job running if it has a callback', async () => {
    const caller = waitForAnswer({ ...ACCEPTABLE, callback_url });
    const jobId = await waitingJob();

    await caller.hangUp();
    await vi.waitFor(async () => expect(await openCallers()).toBe(0), 5_000);

    expect(await look(jobId)).toMatchObject({ status: 'queued' });
  });

  async function openCallers(): Promise<number> {
    const text = await (await fetch(api.metricsUrl)).text();
    return Number(/face_waiting_callers\{[^}]*\} (\d+)/.exec(text)?.[1]);
  }
});
