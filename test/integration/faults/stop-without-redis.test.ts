import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../src/cli/start/ports.js';
import {
  asLimitedUser,
  documentedRights,
  LIMITED_USER,
  type Program,
  serviceEnvironment,
  startProgram,
} from '../../support/programs/service.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';

// A program that waits for Redis to say goodbye reaches its own limit for shutting down, and exits with 1.
describe('a program that is asked to end while Redis is unavailable', { timeout: 180_000 }, () => {
  const programs: Program[] = [];
  const redises: RedisServer[] = [];
  afterEach(async () => {
    for (const { process } of programs.splice(0)) process.kill('SIGKILL');
    await Promise.all(redises.splice(0).map((redis) => redis.stop()));
  });

  function start(name: 'api' | 'worker', redisUrl: string): Program {
    const program = startProgram(name, serviceEnvironment(redisUrl));
    programs.push(program);
    return program;
  }

  it.each(['api', 'worker'] as const)('exits cleanly: %s that has never seen Redis', async (name) => {
    const program = start(name, `redis://127.0.0.1:${await freePort()}`);
    await program.line(({ msg }) => msg === 'Redis is unavailable');

    expect(await program.stop()).toBe(0);
    expect(program.errors).toEqual([]);
  });

  it.each([
    { name: 'api', isUp: 'Redis is ready' },
    { name: 'worker', isUp: 'ready' },
  ] as const)('ends well: $name that has lost its own and has nothing to do', async ({ name, isUp }) => {
    const redis = await startRedis();
    redises.push(redis);
    const program = start(name, redis.url);
    await program.line(({ msg }) => msg === isUp);

    await redis.kill();
    await program.line(({ msg }) => msg === 'Redis is unavailable');

    expect(await program.stop()).toBe(0);
  });

  it('exits cleanly: worker that has lost its rights in Redis', async () => {
    const redis = await startRedis(['--user', LIMITED_USER, ...documentedRights().split(' ')]);
    redises.push(redis);
    const program = start('worker', asLimitedUser(redis.url));
    await program.line(({ msg }) => msg === 'ready');
    const client = new Redis(redis.url);
    await client.call('ACL', 'SETUSER', LIMITED_USER, '-@all');
    client.disconnect();
    await program.line(({ msg }) => msg === 'Redis refuses commands of this program');

    expect(await program.stop()).toBe(0);
  });
});
