import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { ACCEPTABLE, type Api, postJson, startApi } from '../../support/programs/api.js';
import { type HeldCaller, holdCaller } from '../../support/programs/held-caller.js';
import {
  type Program,
  type Service,
  serviceEnvironment,
  startProgram,
  startService,
} from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type OpenQueues, openQueues } from '../../support/servers/open-queues.js';

describe('callers of a working service', () => {
  let images: ImageServer;
  let photos: PhotoSet;
  let service: Service;

  beforeAll(async () => {
    images = await startImageServer();
    photos = await servePhotos(images);
    service = await startService({
      env: { SYNC_WAIT_TIMEOUT: '2', WORKER_CONCURRENCY: '1', WORKER_SLOW_JOBS: '0', SHUTDOWN_TIMEOUT: '2' },
    });
  });

  afterAll(async () => {
    await service?.stop();
    await images?.stop();
  });

  const request = (changes: object = {}) => ({ user_id: 'u-1', ...photos.same, ...changes });
  const serveHanging = (path: string): string => images.serve(path, () => undefined);
  const asked = (path: string) => vi.waitFor(() => expect(images.requests).toContain(path), 60_000);

  it('get 504 with the job when the wait is over; the job continues and can be polled', async () => {
    const late = images.serve('/late.jpg', (_request, response) => {
      setTimeout(() => response.writeHead(302, { location: photos.same.back_image }).end(), 3_000);
    });
    const startedAt = performance.now();

    const answer = await service.post('/compare-faces', request({ back_image: late }));

    expect(answer).toMatchObject({ status: 504, body: { code: 'wait_timeout', retryable: true } });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    const view = await service.get(`/jobs/${answer.body.job_id}`, { prefer: 'wait=20' });
    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true } });
  });

  it('Q16: have their running job stopped between two steps when they hang up', async () => {
    const controller = new AbortController();
    const hanging = serveHanging('/hangs-up.jpg');
    const call = service
      .call('/compare-faces', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request({ back_image: hanging })),
        signal: controller.signal,
      })
      .catch(() => undefined);
    await asked('/hangs-up.jpg');

    controller.abort();
    await call;

    const [worker] = service.workers;
    expect(await worker?.line((line) => line.code === 'job_cancelled')).toMatchObject({ msg: 'comparison' });
  });

  it('Q16: have their queued job removed before any fetch when they hang up', async () => {
    const blocker = await service.post('/jobs', request({ back_image: serveHanging('/blocks.jpg') }));
    await asked('/blocks.jpg');
    const controller = new AbortController();
    const never = images.serve('/never-fetched.jpg', () => undefined);
    const call = service
      .call('/compare-faces', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request({ back_image: never })),
        signal: controller.signal,
      })
      .catch(() => undefined);
    await vi.waitFor(async () => expect(await waitingJobs()).toBe(1), 60_000);

    controller.abort();
    await call;

    await vi.waitFor(async () => expect(await waitingJobs()).toBe(0), 60_000);
    expect(images.requests).not.toContain('/never-fetched.jpg');
    expect(blocker.status).toBe(202);
  });

  async function waitingJobs(): Promise<number> {
    const text = await (await fetch(service.metricsUrl)).text();
    return Number(/face_queue_jobs\{[^}]*state="prioritized"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0);
  }

  it('can cancel a queued job, which shows as cancelled and never runs', async () => {
    const blocked = await service.post(
      '/jobs',
      request({ back_image: images.serve('/cancelled.jpg', () => undefined) }),
    );
    const path = String(blocked.body.status_url);

    const first = await service.call(path, { method: 'DELETE' });
    const second = await service.call(path, { method: 'DELETE' });

    expect([first.status, second.status]).toEqual([204, 204]);
    expect((await service.get(path)).body).toMatchObject({
      status: 'cancelled',
      error: { code: 'job_cancelled' },
    });
    expect(images.requests).not.toContain('/cancelled.jpg');
  });
});

describe('callers of an API without workers', () => {
  let api: Api;
  let second: Program;
  let secondOrigin: string;
  let queues: OpenQueues;

  beforeAll(async () => {
    api = await startApi({
      MAX_QUEUE_DEPTH: '1600',
      MAX_TENANT_QUEUE_SHARE: '1',
      SYNC_WAIT_TIMEOUT: '300',
      API_KEYS: 'big:0123456789abcdef,small:fedcba9876543210',
    });
    second = startProgram('api', {
      ...serviceEnvironment(api.redis.url, { API_KEYS: 'big:0123456789abcdef,small:fedcba9876543210' }),
    });
    secondOrigin = `http://127.0.0.1:${(await second.line((line) => line.msg === 'listening')).port}`;
    await second.line((line) => line.msg === 'Redis is ready');
    queues = openQueues(api.redis.url);
  });

  afterAll(async () => {
    await queues?.close();
    await second?.stop();
    await api?.stop();
  });

  const big = { 'x-api-key': '0123456789abcdef' };
  const small = { 'x-api-key': 'fedcba9876543210' };
  const submit = (origin: string, headers: Record<string, string>) =>
    postJson(`${origin}/jobs`, ACCEPTABLE, headers);

  /** A busy machine may answer 503 for a moment; every caller is asked to retry, and does. */
  const acceptedId = (origin: string, headers: Record<string, string>): Promise<string> =>
    vi.waitFor(
      async () => {
        const answer = await submit(origin, headers);
        expect(answer.status).toBe(202);
        return ((await answer.json()) as { job_id: string }).job_id;
      },
      { timeout: 60_000, interval: 100 },
    );

  it('Q20: fifty requests under one Idempotency-Key at two replicas make one job', async () => {
    const headers = { ...big, 'idempotency-key': 'once' };

    const ids = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        acceptedId(index % 2 === 0 ? api.origin : secondOrigin, headers),
      ),
    );

    expect(new Set(ids).size).toBe(1);
    expect(await queues.queue.getJobCounts('prioritized')).toEqual({ prioritized: 1 });
  });

  it('fifty requests under the key of a job that failed for a passing reason make one new job', async () => {
    await queues.queue.drain();
    const headers = { ...big, 'idempotency-key': 'host-was-down' };
    const first = await acceptedId(api.origin, headers);
    const detail = 'The image host refused the connection.';
    await queues.endWaitingJob({ ok: false, code: 'image_fetch_failed', detail, retryable: true });

    const ids = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        acceptedId(index % 2 === 0 ? api.origin : secondOrigin, headers),
      ),
    );

    expect(new Set(ids).size).toBe(1);
    expect(ids).not.toContain(first);
    expect(await queues.queue.getJobCounts('prioritized')).toEqual({ prioritized: 1 });
  });

  it('take turns: one key’s batch does not delay another’s single job, and waiting callers go first', async () => {
    for (let batch = 0; batch < 10; batch += 1)
      await Promise.all(Array.from({ length: 50 }, () => acceptedId(api.origin, big)));
    const single = await acceptedId(secondOrigin, small);
    const controller = new AbortController();
    const sync = fetch(`${api.origin}/compare-faces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...big },
      body: JSON.stringify(ACCEPTABLE),
      signal: controller.signal,
    }).catch(() => undefined);
    const firstInLine = async () => (await queues.queue.getPrioritized(0, 4)).map((job) => job.data.sync);
    await vi.waitFor(async () => expect(await firstInLine()).toContain(true), 60_000);

    const [first, ...others] = await queues.queue.getPrioritized(0, 4);

    expect(first?.data.sync).toBe(true);
    expect(others.slice(0, 3).map((job) => job.id)).toContain(single);
    controller.abort();
    await sync;
  });

  it('share one event connection by the thousand, and the API forgets them when they leave', async () => {
    const clients = async () =>
      String(await queues.redis.client('LIST'))
        .trim()
        .split('\n').length;
    const before = await clients();
    const waiting = await queues.queue.getPrioritizedCount();
    const callers: HeldCaller[] = [];
    while (callers.length < 1_000) {
      for (let more = 0; more < 50; more += 1)
        callers.push(holdCaller(`${api.origin}/compare-faces`, { body: ACCEPTABLE, headers: small }));
      await vi.waitFor(async () => expect(await waitingCallers()).toBe(callers.length), 60_000);
    }

    expect(await clients()).toBeLessThanOrEqual(before);

    for (const caller of callers) caller.hangUp();
    await vi.waitFor(async () => expect(await waitingCallers()).toBe(0), { timeout: 60_000, interval: 200 });
    await vi.waitFor(
      async () => expect(await queues.queue.getPrioritizedCount()).toBeLessThanOrEqual(waiting),
      {
        timeout: 60_000,
        interval: 200,
      },
    );
  }, 180_000);

  async function waitingCallers(): Promise<number> {
    const text = await (await fetch(api.metricsUrl)).text();
    return Number(/face_waiting_callers\{[^}]*\} (\d+)/.exec(text)?.[1]);
  }

  it('Q25: get 503 and a time to wait once the backlog is full', async () => {
    await queues.queue.addBulk(
      Array.from({ length: 1_600 }, () => ({ name: 'compare', data: {}, opts: { priority: 5 } })),
    );
    const refused = async () => expect((await submit(api.origin, small)).status).toBe(503);
    await vi.waitFor(refused, 60_000);

    const answer = await submit(api.origin, small);

    expect(await answer.json()).toMatchObject({ code: 'overloaded', retryable: true });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await submit(secondOrigin, small)).status).toBe(202);
  });
});
