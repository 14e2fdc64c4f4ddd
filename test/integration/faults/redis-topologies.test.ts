import { resolve } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectRedis, isRedisReady } from '../../../src/shared/redis/connect-redis.js';
import { parseRedisUrl } from '../../../src/shared/redis/redis-url.js';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { type RunningService, startServiceAt } from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import {
  type RedisTopology,
  startCluster,
  startSecureSentinel,
  startSentinel,
  startTls,
} from '../../support/servers/redis-topology.js';

let images: ImageServer;
let photos: PhotoSet;
let topology: RedisTopology | undefined;
let service: RunningService | undefined;

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
});

afterEach(async () => {
  await service?.stop();
  await topology?.stop();
  service = undefined;
  topology = undefined;
});

afterAll(() => images?.stop());

async function serveOn(chosen: RedisTopology): Promise<RunningService> {
  topology = chosen;
  service = await startServiceAt(chosen.url);
  return service;
}

async function expectAnswers(running: RunningService): Promise<void> {
  const answers = async () =>
    expect((await running.post('/compare-faces', { user_id: 'u-1', ...photos.same })).body).toEqual({
      user_id: 'u-1',
      matched: true,
    });
  await vi.waitFor(answers, { timeout: 60_000, interval: 200 });
}

describe('a Redis of several parts', { timeout: 180_000 }, () => {
  it.each([
    { name: 'Sentinel', start: startSentinel, fault: 'killPrimary' },
    { name: 'Sentinel', start: startSentinel, fault: 'freezePrimary' },
    { name: 'a cluster', start: startCluster, fault: 'killPrimary' },
    { name: 'a cluster', start: startCluster, fault: 'freezePrimary' },
  ] as const)('answers on $name, and again after $fault and the promotion of the replica', async (made) => {
    const running = await serveOn(await made.start());
    await expectAnswers(running);

    await topology?.[made.fault]();

    await expectAnswers(running);
  });

  it('is found again by connections that were asking Sentinel when it announced the new primary', async () => {
    topology = await startSentinel();
    const first = connectRedis(parseRedisUrl(topology.url), 'patient') as Redis;
    // Almost always between two questions, so that the announcement meets them there.
    const asking = { retryStrategy: () => 1, sentinelRetryStrategy: () => 500 };
    const connections = Array.from({ length: 8 }, () => first.duplicate(asking));
    try {
      for (const connection of [first, ...connections]) connection.on('error', () => undefined);
      await Promise.all(connections.map((connection) => connection.ping()));

      await topology.killPrimary();

      await vi.waitFor(() => expect(connections.filter(isRedisReady)).toHaveLength(0), { timeout: 60_000 });
      await vi.waitFor(() => expect(connections.filter(isRedisReady)).toHaveLength(8), { timeout: 60_000 });
    } finally {
      for (const connection of [first, ...connections]) connection.disconnect();
    }
  });

  it('answers on a cluster, all keys in one slot', async () => {
    const running = await serveOn(await startCluster());

    await expectAnswers(running);
    const accepted = await running.post('/jobs', { user_id: 'u-1', ...photos.same, evidence: true });
    expect((await running.get(String(accepted.body.status_url), { prefer: 'wait=20' })).body).toMatchObject({
      status: 'completed',
      result: { matched: true, evidence: { matches: 3 } },
    });
  });

  it.each([
    { name: 'one Redis', start: startTls },
    { name: 'Sentinel with passwords', start: startSecureSentinel },
  ])('answers over TLS when the authority is trusted: $name', async ({ start }) => {
    const fixture = (name: string): string => resolve('test/fixtures', name);
    const certificate = { cert: fixture('loopback-cert.pem'), key: fixture('loopback-key.pem') };
    const running = await serveOn(await start(certificate));

    await expectAnswers(running);
  });
});
