import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { type Answer, type RunningService, startServiceAt } from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';
import { startTcpProxy, type TcpProxy } from '../../support/servers/tcp-proxy.js';

let images: ImageServer;
let photos: PhotoSet;
let redis: RedisServer;
let proxy: TcpProxy;
let service: RunningService;
const successors: RedisServer[] = [];

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  redis = await startRedis();
  proxy = await startTcpProxy(redis.port);
  service = await startServiceAt(`redis://127.0.0.1:${proxy.port}`);
});

afterAll(async () => {
  await service?.stop();
  await proxy?.stop();
  for (const server of [...successors, redis]) await server?.stop();
  await images?.stop();
});

const request = () => ({ user_id: 'u-1', ...photos.same });

/** Posts until the answer is not 503: on a bad line the API may rightly say that it could not reach the queue. */
async function postUntilAnswered(path: string, key: string): Promise<Answer> {
  const headers = { 'idempotency-key': key };
  return vi.waitFor(
    async () => {
      const answer = await service.post(path, request(), headers);
      expect(answer.status).not.toBe(503);
      return answer;
    },
    { timeout: 60_000, interval: 100 },
  );
}

describe('Q13: a bad line to Redis', () => {
  it('with 200 ms of latency delays answers and changes nothing else', async () => {
    proxy.delay(100);

    const sync = await postUntilAnswered('/compare-faces', 'slow-answer');
    const accepted = await postUntilAnswered('/jobs', 'slow-line');
    const view = await service.get(String(accepted.body.status_url), { prefer: 'wait=20' });
    proxy.delay(0);

    expect(sync.body).toEqual({ user_id: 'u-1', matched: true });
    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true } });
  });

  it('that breaks repeatedly loses no job and changes no answer', async () => {
    proxy.resetEvery(100);

    const keys = Array.from({ length: 8 }, (_, index) => `breaks-${index}`);
    const answers = await Promise.all(keys.map((key) => postUntilAnswered('/compare-faces', key)));
    proxy.resetEvery(0);

    expect(proxy.resets()).toBeGreaterThan(0);
    for (const { body } of answers) expect(body).toEqual({ user_id: 'u-1', matched: true });
  });
});

describe('a Redis that changes behind its name, as managed ones do', { timeout: 90_000 }, () => {
  async function expectFoundAgain(change: () => void | Promise<void>): Promise<void> {
    const before = await service.post('/jobs', request());
    await change();
    await vi.waitFor(
      async () =>
        expect((await service.post('/compare-faces', request())).body).toMatchObject({ matched: true }),
      { timeout: 60_000, interval: 200 },
    );
    const view = await service.get(String(before.body.status_url), { prefer: 'wait=20' });
    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true } });
  }

  it('is found again when its machine is replaced without closing connections', async () => {
    await expectFoundAgain(proxy.abandonConnections);
  });

  it('is found again when it becomes a replica of another and keeps its connections', async () => {
    const successor = await startRedis(['--replicaof', '127.0.0.1', String(redis.port)]);
    successors.push(successor);
    const [old, next] = [new Redis(redis.url), new Redis(successor.url)];
    const inSync = async () => expect(await next.info('replication')).toContain('master_link_status:up');
    await vi.waitFor(inSync, { timeout: 60_000, interval: 200 });

    await expectFoundAgain(async () => {
      // Writes reach the replica in order, so the accepted job is there when this mark is.
      await old.set('{test}:mark', '1');
      expect(await old.wait(1, 20_000)).toBe(1);
      await next.replicaof('NO', 'ONE');
      proxy.redirect(successor.port);
      await old.replicaof('127.0.0.1', successor.port);
    });
    old.disconnect();
    next.disconnect();
  });
});

describe('the proxy of these tests', () => {
  it('keeps the order of bytes when its delay ends, as TCP does', async () => {
    const line = new Redis(proxy.port);
    await line.ping();

    proxy.delay(200);
    const before = line.echo('sent before');
    await setTimeout(20);
    proxy.delay(0);
    const after = line.echo('sent after');

    expect(await Promise.all([before, after])).toEqual(['sent before', 'sent after']);
    line.disconnect();
  });
});
