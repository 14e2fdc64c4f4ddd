import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCEPTABLE, postJson } from '../support/programs/api.js';
import { type Replica, startReplica } from '../support/programs/service.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

let redis: RedisServer;
let lite: Replica;
let large: Replica;

beforeAll(async () => {
  redis = await startRedis();
  [lite, large] = (await Promise.all(
    ['lite', 'buffalo_l'].map((model) => startReplica(redis.url, { INSIGHTFACE_MODEL: model })),
  )) as [Replica, Replica];
});

afterAll(async () => {
  await Promise.all([lite, large].map((api) => api?.program.stop()));
  await redis?.stop();
});

async function submit(api: Replica, userId: string, headers: Record<string, string> = {}): Promise<string> {
  const answer = await postJson(`${api.origin}/jobs`, { ...ACCEPTABLE, user_id: userId }, headers);
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { job_id: string }).job_id;
}

const erase = async (api: Replica, userId: string): Promise<unknown> =>
  (await fetch(`${api.origin}/users/${userId}/jobs`, { method: 'DELETE' })).json();

describe('two model packs on one Redis', () => {
  it('never answer for one another, also under one Idempotency-Key', async () => {
    const key = { 'idempotency-key': 'order-1' };

    const ids = await Promise.all([submit(lite, 'u-1', key), submit(large, 'u-2', key)]);

    expect(new Set(ids).size).toBe(2);
    expect((await fetch(`${lite.origin}/jobs/${ids[0]}`)).status).toBe(200);
    expect((await fetch(`${lite.origin}/jobs/${ids[1]}`)).status).toBe(404);
  });

  it('each erase what they keep of a person and lose no trace of what the other keeps', async () => {
    await Promise.all([submit(lite, 'jane'), submit(large, 'jane'), submit(large, 'jane')]);

    const erased = [await erase(lite, 'jane'), await erase(large, 'jane')];

    expect(erased).toEqual([
      { erased: 1, running: 0 },
      { erased: 2, running: 0 },
    ]);
  });
});
