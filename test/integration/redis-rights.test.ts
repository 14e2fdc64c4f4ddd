import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ReadableWorker } from '../../src/shared/queue/readable-queue.js';
import { findMissingRights } from '../../src/shared/redis/find-missing-rights.js';
import { commandsOf, type RedisUser } from '../../src/shared/redis/required-rights.js';
import { asLimitedUser, documentedRights, LIMITED_USER } from '../support/programs/service.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

let server: RedisServer;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});

afterAll(async () => {
  admin?.disconnect();
  await server?.stop();
});

/** Returns what a program with the documented rights lacks after this change of them. */
async function missingAfter(change: string, user: RedisUser): Promise<readonly string[]> {
  const rules = `${documentedRights()} ${change}`.trim().split(' ');
  await admin.call('ACL', 'SETUSER', LIMITED_USER, 'reset', ...rules);
  const redis = new Redis(asLimitedUser(server.url), { enableReadyCheck: false });
  try {
    await once(redis, 'ready');
    return await findMissingRights(redis, { user, prefix: '{face}' });
  } finally {
    redis.disconnect();
  }
}

describe('the rights of a user of Redis', () => {
  it.each(['api', 'worker'] as const)('are complete with the documented rule: %s', async (user) => {
    expect(await missingAfter('', user)).toEqual([]);
    expect(await admin.keys('*')).toEqual([]);
  });

  it.each([
    { change: '-info', missing: ['+info'] },
    { change: '-@scripting', missing: ['+@scripting'] },
    { change: '-@transaction', missing: ['+@transaction'] },
    { change: '-exec', missing: ['+@transaction'] },
    { change: '-discard', missing: ['+@transaction'] },
    { change: '-@blocking', missing: ['+@blocking'] },
    { change: '-@pubsub', missing: ['+@pubsub'] },
    { change: '-zadd -eval -get', missing: ['+eval', '+get', '+zadd'] },
    { change: 'resetkeys ~other:*', missing: ['~{face}:*'] },
    { change: 'resetchannels', missing: ['&{face}:*'] },
    { change: '-@all', missing: ['+@transaction'] },
  ])('are named where they are missing: $change', async ({ change, missing }) => {
    expect(await missingAfter(change, 'api')).toEqual(missing);
    expect(await missingAfter(change, 'worker')).toEqual(missing);
  });

  it('cover every command of the scripts of BullMQ and of ours', () => {
    const folder = new URL('../../node_modules/bullmq/dist/esm/scripts/', import.meta.url);
    const fairQueue = readFileSync(new URL('../../src/shared/queue/fair-queue.ts', import.meta.url), 'utf8');
    const scripts = readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(new URL(name, folder), 'utf8'));
    const used = [...scripts, fairQueue].flatMap((script) =>
      [...script.matchAll(/(?:rcall|redis\.call)\(\s*["']([A-Za-z]+)/g)].map(([, name = '']) =>
        name.toLowerCase(),
      ),
    );
    const known = (['api', 'worker'] as const).flatMap((user) =>
      commandsOf(user, '{face}').map(({ name }) => name),
    );

    expect(used.length).toBeGreaterThan(500);
    expect([...new Set(used)].filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('a worker whose commands Redis refuses', () => {
  it('rests between two attempts', async () => {
    const rules = `${documentedRights()} -evalsha -eval`.split(' ');
    await admin.call('ACL', 'SETUSER', LIMITED_USER, 'reset', ...rules);
    const connection = new Redis(asLimitedUser(server.url), { maxRetriesPerRequest: null });
    const worker = new ReadableWorker('refused', async () => undefined, { connection, prefix: '{face}' });
    const errors: number[] = [];
    worker.on('error', () => errors.push(performance.now()));

    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(5), { timeout: 60_000 });
    await worker.close();
    connection.disconnect();

    // One attempt causes at most three errors. Without the rest, thousands would follow within a second.
    expect(Number(errors[5]) - Number(errors[0])).toBeGreaterThan(900);
  });
});
