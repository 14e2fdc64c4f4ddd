import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { ACCEPTABLE, postJson } from '../../support/programs/api.js';
import {
  LIMITED_USER,
  type Program,
  type Service,
  serviceEnvironment,
  startProgram,
  startService,
} from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';

/** Longest wait of a caller while Redis cannot answer, and longest recovery afterwards, ms. */
const REFUSED_WITHIN_MS = 1_500;
const HEALED_WITHIN_MS = 5_000;
/** Slack for a machine that runs other tests at the same time. */
const SLACK_MS = 500;

let images: ImageServer;
let photos: PhotoSet;
let service: Service;

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  service = await startService();
});

afterAll(async () => {
  await service?.stop();
  await images?.stop();
});

const request = () => ({ user_id: 'u-1', ...photos.same });

const jsonRequest = () => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(request()),
});

async function expectRefusedSoon(): Promise<void> {
  for (const send of [
    // Not `post`, which asks Redis whether to repeat.
    () => service.call('/compare-faces', jsonRequest()),
    () => service.call('/jobs', jsonRequest()),
    () => service.get('/jobs/r_any'),
  ]) {
    const startedAt = performance.now();
    const answer = await send();
    expect(answer).toMatchObject({ status: 503, body: { code: 'queue_unavailable', retryable: true } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(performance.now() - startedAt).toBeLessThan(REFUSED_WITHIN_MS + SLACK_MS);
  }
}

async function expectHealed(): Promise<void> {
  const heals = async () =>
    expect((await service.post('/compare-faces', request())).body).toMatchObject({ matched: true });
  await vi.waitFor(heals, { timeout: HEALED_WITHIN_MS + SLACK_MS, interval: 100 });
}

describe('Redis trouble', () => {
  it('Q11: a frozen Redis causes 503 within 1.5 s, and the service recovers within 5 s of its return', async () => {
    service.redis.process().kill('SIGSTOP');

    await expectRefusedSoon();
    expect((await service.get('/health/ready')).status).toBe(503);
    expect((await service.get('/health')).status).toBe(200);

    service.redis.process().kill('SIGCONT');
    await expectHealed();
  });

  it('Q9: a killed Redis causes 503, loses no accepted job, and the service recovers without a restart', async () => {
    const accepted = await Promise.all(Array.from({ length: 12 }, () => service.post('/jobs', request())));
    await service.redis.kill();

    await expectRefusedSoon();

    await service.redis.start();
    await expectHealed();
    for (const { body } of accepted) {
      const ends = async () =>
        expect((await service.get(`/jobs/${body.job_id}`)).body).toMatchObject({
          status: 'completed',
          result: { matched: true },
        });
      await vi.waitFor(ends, { timeout: 60_000, interval: 200 });
    }
  });

  it('answers a caller that waits across a restart of Redis', async () => {
    const slow = images.serve('/slow.jpg', (_request, response) => {
      setTimeout(() => response.writeHead(302, { location: photos.same.back_image }).end(), 1_500);
    });
    const waiting = service.post('/compare-faces', { ...request(), back_image: slow });
    await vi.waitFor(() => expect(images.requests).toContain('/slow.jpg'), 60_000);

    await service.redis.kill();
    await service.redis.start();

    expect((await waiting).body).toEqual({ user_id: 'u-1', matched: true });
  });

  it('Q12: a full Redis causes 503, nothing is lost, and everything works once there is room', async () => {
    const accepted = await service.post('/jobs', request());
    const client = new Redis(service.redis.url);
    await service.get(`/jobs/${accepted.body.job_id}`, { prefer: 'wait=20' });
    await client.config('SET', 'maxmemory', '1mb');

    await expectRefusedSoonWhenFull();

    await client.config('SET', 'maxmemory', '0');
    client.disconnect();
    await expectHealed();
    expect((await service.get(`/jobs/${accepted.body.job_id}`)).body).toMatchObject({ status: 'completed' });
  });

  it('a Redis that takes rights away causes 503, both programs name them, and all heals when they are back', async () => {
    const client = new Redis(service.redis.url);

    await client.call('ACL', 'SETUSER', LIMITED_USER, '-@scripting', '-@blocking');

    const refusal = { msg: 'Redis refuses commands of this program', missing: '+@scripting +@blocking' };
    expect(await service.post('/jobs', request())).toMatchObject({ status: 503 });
    for (const program of [service.api, ...service.workers])
      expect(await program.line(({ msg }) => msg === refusal.msg)).toMatchObject(refusal);

    await client.call('ACL', 'SETUSER', LIMITED_USER, '+@scripting', '+@blocking', '-@dangerous', '+info');
    client.disconnect();
    for (const program of [service.api, ...service.workers])
      await program.line(({ msg }) => msg === 'Redis grants all rights again');
    const heals = async () =>
      expect((await service.post('/compare-faces', request())).body).toMatchObject({ matched: true });
    await vi.waitFor(heals, { timeout: 60_000, interval: 100 });
  }, 120_000);

  it('Q12: a job that ends while Redis is full is neither lost nor corrupted', async () => {
    const slow = images.serve('/slow-when-full.jpg', (_request, response) => {
      setTimeout(() => response.writeHead(302, { location: photos.same.back_image }).end(), 1_500);
    });
    const accepted = await service.post('/jobs', { ...request(), back_image: slow, evidence: true });
    await vi.waitFor(() => expect(images.requests).toContain('/slow-when-full.jpg'), 60_000);
    const client = new Redis(service.redis.url);
    await client.config('SET', 'maxmemory', '1mb');
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    await client.config('SET', 'maxmemory', '0');
    client.disconnect();

    const view = await service.get(`/jobs/${accepted.body.job_id}`, { prefer: 'wait=20' });

    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true, evidence: {} } });
  }, 60_000);

  async function expectRefusedSoonWhenFull(): Promise<void> {
    const startedAt = performance.now();
    const answer = await service.call('/jobs', jsonRequest());
    expect(answer).toMatchObject({ status: 503, body: { code: 'queue_unavailable' } });
    expect(performance.now() - startedAt).toBeLessThan(REFUSED_WITHIN_MS + SLACK_MS);
  }
});

describe('Redis absent at the start', () => {
  let redis: RedisServer;
  let api: Program;

  afterAll(async () => {
    await api?.stop();
    await redis?.stop();
  });

  it('Q10: the API is up but not ready, refuses within 1.5 s, and recovers when Redis appears', async () => {
    redis = await startRedis();
    await redis.kill();
    api = startProgram('api', serviceEnvironment(redis.url));
    const origin = `http://127.0.0.1:${(await api.line((line) => line.msg === 'listening')).port}`;

    const startedAt = performance.now();
    const refused = await postJson(`${origin}/jobs`, ACCEPTABLE);
    const ms = performance.now() - startedAt;

    expect(refused.status).toBe(503);
    expect(ms).toBeLessThan(REFUSED_WITHIN_MS + SLACK_MS);
    expect((await fetch(`${origin}/health/ready`)).status).toBe(503);
    await redis.start();
    const heals = async () => expect((await postJson(`${origin}/jobs`, ACCEPTABLE)).status).toBe(202);
    await vi.waitFor(heals, { timeout: HEALED_WITHIN_MS + SLACK_MS, interval: 100 });
  });
});
