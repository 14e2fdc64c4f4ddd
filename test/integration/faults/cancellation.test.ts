import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ComparisonOutcome } from '../../../src/shared/contract/comparison-outcome.js';
import type { ErrorCode } from '../../../src/shared/errors.js';
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
  await vi.waitFor(async () => expect(await queues.queue.getPrioritizedCount()).toBe(1), 60_000);
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

describe('an Idempotency-Key', () => {
  const fail = (code: ErrorCode, retryable: boolean): ComparisonOutcome => ({
    ok: false,
    code,
    detail: 'front_image1: The image could not be downloaded.',
    retryable,
    image: 'front_image1',
  });
  const ask = async (key: string, changes: object = {}) => {
    const headers = { 'idempotency-key': key };
    const answer = await postJson(`${api.origin}/jobs`, { ...ACCEPTABLE, ...changes }, headers);
    const { job_id: jobId, status, code } = (await answer.json()) as Record<string, string>;
    return { jobId, status, code, replayed: answer.headers.get('idempotent-replayed') };
  };

  it('starts one new job for all that repeat a failure that may have passed', async () => {
    const first = await ask('host-down');
    await queues.endWaitingJob(fail('image_fetch_failed', true));

    const again = await Promise.all(Array.from({ length: 8 }, () => ask('host-down')));

    const ids = new Set(again.map(({ jobId }) => jobId));
    expect([ids.size, ids.has(first.jobId)]).toEqual([1, false]);
    expect(again.filter(({ replayed }) => replayed === null)).toHaveLength(1);
    expect(await queues.queue.getPrioritizedCount()).toBe(1);
    expect(await look(String(first.jobId))).toMatchObject({
      status: 'failed',
      error: { code: 'image_fetch_failed', job_id: first.jobId },
    });
  });

  it('is bound to the new job, also after several failures', async () => {
    const ids: (string | undefined)[] = [];
    for (let failure = 0; failure < 3; failure += 1) {
      ids.push((await ask('host-down-again')).jobId);
      await queues.endWaitingJob(fail('deadline_exceeded', true));
    }
    const last = await ask('host-down-again');
    await queues.endWaitingJob({ ok: true, matched: true });

    const replay = await ask('host-down-again');

    expect(new Set([...ids, last.jobId]).size).toBe(4);
    expect(replay).toEqual({ jobId: last.jobId, status: 'completed', code: undefined, replayed: 'true' });
  });

  it.each([
    ['completed', { ok: true, matched: false }],
    ['failed', fail('face_not_found', false)],
  ] as const)('stays bound to a job that is %s for good', async (status, outcome) => {
    const first = await ask(`final-${status}`);
    await queues.endWaitingJob(outcome);

    const again = await ask(`final-${status}`);

    expect(first.replayed).toBeNull();
    expect(again).toEqual({ jobId: first.jobId, status, code: undefined, replayed: 'true' });
  });

  it('is free again after a running job was cancelled', async () => {
    const first = await ask('cancelled-while-running');
    await queues.endWaitingJob(fail('job_cancelled', false));

    expect((await ask('cancelled-while-running')).jobId).not.toBe(first.jobId);
  });

  it('belongs to its body, also after a failure that may have passed', async () => {
    await ask('one-body');
    await queues.endWaitingJob(fail('image_fetch_failed', true));

    expect(await ask('one-body', { threshold: 0.9 })).toMatchObject({ code: 'idempotency_conflict' });
  });

  it('marks the answer of a waiting caller that joined a job', async () => {
    const { jobId } = await ask('joined-by-a-caller');
    await queues.endWaitingJob({ ok: true, matched: true });

    const answer = await postJson(`${api.origin}/compare-faces`, ACCEPTABLE, {
      'idempotency-key': 'joined-by-a-caller',
    });

    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    expect(await look(String(jobId))).toMatchObject({ status: 'completed' });
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

    await vi.waitFor(async () => expect(await look(jobId)).toMatchObject({ status: 'cancelled' }), 60_000);
    expect(await queues.queue.getPrioritizedCount()).toBe(0);
    await vi.waitFor(async () => expect(await countOf('499')).toBe(1), 60_000);
    expect(await countOf('503')).toBe(0);
  });

  it('leaves a job running if it has a callback', async () => {
    const caller = waitForAnswer({ ...ACCEPTABLE, callback_url });
    const jobId = await waitingJob();

    await caller.hangUp();
    await vi.waitFor(async () => expect(await openCallers()).toBe(0), 60_000);

    expect(await look(jobId)).toMatchObject({ status: 'queued' });
  });

  /** Synchronous requests that ended with this status. */
  async function countOf(status: string): Promise<number> {
    const text = await (await fetch(api.metricsUrl)).text();
    const line = new RegExp(
      `face_http_requests_total\\{(?=[^}]*compare-faces)[^}]*status="${status}"[^}]*\\} (\\d+)`,
    );
    return Number(line.exec(text)?.[1] ?? 0);
  }

  async function openCallers(): Promise<number> {
    const text = await (await fetch(api.metricsUrl)).text();
    return Number(/face_waiting_callers\{[^}]*\} (\d+)/.exec(text)?.[1]);
  }
});
