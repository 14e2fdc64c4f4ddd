import { once } from 'node:events';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectRedis, type RedisConnection } from '../../../src/shared/redis/connect-redis.js';
import { parseRedisUrl } from '../../../src/shared/redis/redis-url.js';
import { logUnlessAway, reportOutages } from '../../../src/shared/redis/report-outages.js';
import { asLimitedUser, documentedRights, LIMITED_USER } from '../../support/programs/service.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';

describe('the log of a program whose Redis disappears and returns', () => {
  let server: RedisServer;
  let redis: RedisConnection;
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line).msg) });

  beforeAll(async () => {
    server = await startRedis();
    redis = connectRedis(parseRedisUrl(server.url), 'patient');
    reportOutages(redis, logger, parseRedisUrl(server.url));
    await once(redis, 'ready');
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('has a line for an error while Redis is available', () => {
    logUnlessAway(redis, logger, 'worker')(new Error('lost a lock'));

    expect(lines).toEqual(['Redis is ready', 'worker']);
  });

  it('has one line for a whole outage, however many parts fail because of it', async () => {
    lines.length = 0;
    redis.on('error', logUnlessAway(redis, logger, 'worker'));

    await server.kill();
    let attempts = 0;
    redis.on('reconnecting', () => {
      attempts += 1;
    });
    await vi.waitFor(() => expect(attempts).toBe(3), { timeout: 60_000 });

    expect(lines).toEqual(['Redis is unavailable']);
  });
});

describe('the log of a program whose user of Redis may not ask for the layout of a cluster', () => {
  it('quotes the refusal', async () => {
    const server = await startRedis(['--user', LIMITED_USER, ...documentedRights().split(' ')]);
    const target = parseRedisUrl(asLimitedUser(server.url).replace('redis:', 'redis+cluster:'));
    const redis = connectRedis(target, 'patient');
    const lines: Record<string, unknown>[] = [];
    reportOutages(redis, pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) }), target);

    await vi.waitFor(() => expect(lines).toHaveLength(1), { timeout: 60_000 });
    redis.disconnect();
    await server.stop();

    expect(lines[0]).toMatchObject({ msg: 'Redis is unavailable' });
    expect(lines[0]?.refused).toMatch(/^NOPERM .*cluster/);
  });
});
