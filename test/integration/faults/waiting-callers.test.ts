import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { ACCEPTABLE, postJson } from '../../support/programs/api.js';
import { type Program, type Replica, startReplica, startWorker } from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';

const WAIT_S = 2;
/** A second over the wait, and slack for a machine that runs other tests at the same time, ms. */
const ANSWERED_WITHIN_MS = WAIT_S * 1_000 + 1_000 + 500;

let images: ImageServer;
let photos: PhotoSet;
let redis: RedisServer;
let api: Replica;

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  redis = await startRedis();
  api = await startReplica(redis.url, { SYNC_WAIT_TIMEOUT: String(WAIT_S), RATE_LIMIT_PER_MINUTE: '100000' });
});

afterEach(async () => {
  await vi.waitFor(async () => expect(await waitingCallers()).toBe(0), 60_000);
});

afterAll(async () => {
  await api?.program.stop();
  await redis?.stop();
  await images?.stop();
});

async function readMetrics(): Promise<string> {
  return (await fetch(api.metricsUrl)).text();
}

async function waitingCallers(): Promise<number> {
  return Number(/face_waiting_callers\{[^}]*\} (\d+)/.exec(await readMetrics())?.[1]);
}

/** Jobs in the queue, in any state. */
async function queuedJobs(): Promise<number> {
  const counts = (await readMetrics()).matchAll(/face_queue_jobs\{[^}]*\} (\d+)/g);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Asks for a comparison and runs `fault` once its job is in the queue and the caller waits for the answer. */
async function askDuring(fault: () => unknown) {
  const before = await queuedJobs();
  const startedAt = performance.now();
  const call = postJson(`${api.origin}/compare-faces`, ACCEPTABLE);
  await vi.waitFor(async () => expect(await queuedJobs()).toBe(before + 1), {
    timeout: WAIT_S * 1_000,
    interval: 10,
  });
  expect(await waitingCallers()).toBe(1);
  await fault();
  const answer = await call;
  const body = (await answer.json()) as { code: string; job_id?: string; retryable: boolean };
  return { status: answer.status, body, ms: performance.now() - startedAt };
}

describe('a caller who waits', () => {
  it('hears in time that nobody has taken the job', async () => {
    const { status, body, ms } = await askDuring(() => undefined);

    expect([status, body.code, body.retryable]).toEqual([504, 'wait_timeout', true]);
    expect(ms).toBeLessThan(ANSWERED_WITHIN_MS);
  });

  it('gets an answer in time while Redis is frozen', async () => {
    const { status, body, ms } = await askDuring(() => redis.process().kill('SIGSTOP'));
    redis.process().kill('SIGCONT');

    expect([status, body.code]).toEqual([504, 'wait_timeout']);
    expect(ms).toBeLessThan(ANSWERED_WITHIN_MS);
  });

  it('is refused within 1.5 s while Redis is frozen, although the rate limit counts requests there', async () => {
    redis.process().kill('SIGSTOP');
    const startedAt = performance.now();
    const answer = await postJson(`${api.origin}/compare-faces`, ACCEPTABLE);
    const ms = performance.now() - startedAt;
    redis.process().kill('SIGCONT');

    expect(answer.status).toBe(503);
    expect(ms).toBeLessThan(1_500 + 500);
  });

  it('gets an answer in time when Redis dies, and finds the job by its id when Redis is back', async () => {
    const { status, body, ms } = await askDuring(() => redis.kill());
    await redis.start();

    expect([status, body.code]).toEqual([504, 'wait_timeout']);
    expect(ms).toBeLessThan(ANSWERED_WITHIN_MS);
    const isKept = async () => expect((await fetch(`${api.origin}/jobs/${body.job_id}`)).status).toBe(200);
    await vi.waitFor(isKept, { timeout: 60_000, interval: 100 });
  });
});

/** The jobs above name hosts that no worker of a test may look up. */
async function forgetJobs(): Promise<void> {
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
}

describe('Q15: a caller whose API is killed during the wait', () => {
  let victim: Replica;
  let worker: Program;

  beforeAll(async () => {
    await forgetJobs();
    victim = await startReplica(redis.url);
    worker = await startWorker(redis.url);
  });

  afterAll(async () => {
    await victim?.program.stop();
    await worker?.stop();
  });

  it('gets the one result of the one job from another API under the same Idempotency-Key', async () => {
    let asked = 0;
    const slow = images.serve('/slow.jpg', (_request, response) => {
      asked += 1;
      setTimeout(() => response.writeHead(302, { location: photos.same.back_image }).end(), 1_000);
    });
    const body = { user_id: 'u-1', ...photos.same, back_image: slow };
    const headers = { 'idempotency-key': 'survives' };
    const call = postJson(`${victim.origin}/compare-faces`, body, headers).catch(() => 'cut off');
    await vi.waitFor(() => expect(asked).toBe(1), 60_000);

    victim.program.process.kill('SIGKILL');
    expect(await call).toBe('cut off');
    const answer = await postJson(`${api.origin}/compare-faces`, body, headers);

    expect(await answer.json()).toEqual({ user_id: 'u-1', matched: true });
    expect(asked).toBe(1);
  });
});
