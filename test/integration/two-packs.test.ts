import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ACCEPTABLE, postJson } from '../support/programs/api.js';
import { type Replica, startReplica } from '../support/programs/service.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

const SHOP = 'shop-0123456789abcdef';
const BANK = 'bank-0123456789abcdef';
const ADMIN = 'admin-0123456789abcdef';

let redis: RedisServer;
let lite: Replica;
let large: Replica;

beforeAll(async () => {
  redis = await startRedis();
  [lite, large] = (await Promise.all(
    ['lite', 'buffalo_l'].map((model) =>
      startReplica(redis.url, {
        INSIGHTFACE_MODEL: model,
        API_KEYS: `shop:${SHOP},bank:${BANK}`,
        ADMIN_API_KEYS: `ops:${ADMIN}`,
        UPLOAD_KEYS: Buffer.alloc(32, 7).toString('base64'),
      }),
    ),
  )) as [Replica, Replica];
});

afterAll(async () => {
  await Promise.all([lite, large].map((api) => api?.program.stop()));
  await redis?.stop();
});

async function submit(api: Replica, userId: string, headers: Record<string, string> = {}): Promise<string> {
  const body = { ...ACCEPTABLE, user_id: userId };
  const answer = await postJson(`${api.origin}/jobs`, body, { ...bearer(SHOP), ...headers });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { job_id: string }).job_id;
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const erasing = (api: Replica, user: string, key: string) =>
  fetch(`${api.origin}/users/${user.replace('?', '/jobs?')}`, { method: 'DELETE', headers: bearer(key) });
const erase = async (api: Replica, userId: string): Promise<unknown> =>
  (await erasing(api, `${userId}?`, SHOP)).json();
const look = async (api: Replica, jobId: string, key: string) =>
  (await fetch(`${api.origin}/jobs/${jobId}`, { headers: bearer(key) })).status;

describe('two model packs on one Redis', () => {
  it('never answer for one another, also under one Idempotency-Key', async () => {
    const key = { 'idempotency-key': 'order-1' };

    const ids = await Promise.all([submit(lite, 'u-1', key), submit(large, 'u-2', key)]);

    expect(new Set(ids).size).toBe(2);
    expect(await look(lite, ids[0], SHOP)).toBe(200);
    expect(await look(lite, ids[1], SHOP)).toBe(404);
  });

  it('each erase what they keep of a person and lose no trace of what the other keeps', async () => {
    await Promise.all([submit(lite, 'jane'), submit(large, 'jane'), submit(large, 'jane')]);

    const erased = [await erase(lite, 'jane'), await erase(large, 'jane')];

    expect(erased).toEqual([
      { erased: 1, running: 0 },
      { erased: 2, running: 0 },
    ]);
  });

  it('erase a person everywhere in one call of an operator: every key, pack, batch and upload', async () => {
    const user = 'everywhere';
    const photo = `data:image/jpeg;base64,${Buffer.from('not a photo').toString('base64')}`;
    const uploads = { front_image1: photo, back_image: photo };
    const ids = {
      lite: await submit(lite, user),
      large: await submit(large, user),
      bank: await submit(large, user, bearer(BANK)),
      upload: await post(lite, '/jobs', { ...ACCEPTABLE, ...uploads, user_id: user }, 'job_id'),
    };
    const others = await submit(large, 'somebody-else');
    const lines = [
      { ...ACCEPTABLE, user_id: user },
      { ...ACCEPTABLE, user_id: 'somebody-else' },
    ];
    const batchId = await post(large, '/batches', lines, 'batch_id');
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    expect(await client.keys('{face}:photo:*')).toHaveLength(1);
    await client.config('SET', 'rdbcompression', 'no');
    const dumpAll = async () => Promise.all((await client.keys('*')).map((key) => client.dump(key)));
    const mentions = async () => (await dumpAll()).filter((text) => text?.includes(user)).length;
    expect(await mentions()).toBeGreaterThan(0);

    await client.sadd('{face}:indexed', 'not JSON', '7');

    const first = await (await erasing(lite, `${user}?all_tenants=true&all_packs=true`, ADMIN)).json();
    const again = await (await erasing(lite, `${user}?all_tenants=true&all_packs=true`, ADMIN)).json();

    expect([first, again]).toEqual([
      { erased: 5, running: 0 },
      { erased: 0, running: 0 },
    ]);
    expect(await look(lite, ids.lite, SHOP)).toBe(404);
    expect(await look(lite, ids.upload, SHOP)).toBe(404);
    expect(await look(large, ids.large, SHOP)).toBe(404);
    expect(await look(large, ids.bank, BANK)).toBe(404);
    expect(await client.keys('{face}:photo:*')).toEqual([]);
    // No key is left of the person, and nothing of others is gone.
    expect(await mentions()).toBe(0);
    expect(await look(large, others, SHOP)).toBe(200);
    const batch = await fetch(`${large.origin}/batches/${batchId}`, { headers: bearer(SHOP) });
    expect(await batch.json()).toMatchObject({ total: 2, counts: { removed: 1, queued: 1 } });
  });

  it('let a caller erase its own jobs of a person in all packs, and none of others', async () => {
    const user = 'of-two';
    const [own, ofBank] = [await submit(large, user), await submit(large, user, bearer(BANK))];

    const erased = await (await erasing(lite, `${user}?all_packs=true`, SHOP)).json();

    expect(erased).toEqual({ erased: 1, running: 0 });
    expect([await look(large, own, SHOP), await look(large, ofBank, BANK)]).toEqual([404, 200]);
  });

  it.each([
    ['a caller who asks for all tenants', 'all_tenants=true&all_packs=true', SHOP, 403],
    ['an operator who does not', 'all_packs=true', ADMIN, 403],
    ['a value that is neither true nor false', 'all_tenants=yes', ADMIN, 422],
  ])('refuse %s', async (_, query, key, status) => {
    expect((await erasing(lite, `u-1?${query}`, key)).status).toBe(status);
  });
});

async function post(api: Replica, path: string, body: unknown, id: string): Promise<string> {
  const answer = await postJson(`${api.origin}${path}`, body, bearer(SHOP));
  expect(answer.status).toBe(202);
  return String(((await answer.json()) as Record<string, unknown>)[id]);
}
