import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../src/cli/start/ports.js';
import {
  asLimitedUser,
  documentedRights,
  LIMITED_USER,
  type Program,
  type ProgramName,
  serviceEnvironment,
  startProgram,
} from '../../support/programs/service.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';

const NAMES = ['api', 'worker'] as const;

describe('a program that starts with a wrong REDIS_URL', () => {
  let redis: RedisServer;
  const started: Program[] = [];

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    await Promise.all(started.map((program) => program.stop()));
    await redis?.stop();
  });

  const start = (name: ProgramName, url: string, env: Record<string, string> = {}): Program => {
    const program = startProgram(name, serviceEnvironment(url, env));
    started.push(program);
    return program;
  };

  it.each(NAMES)('exits if the server lacks the database, instead of using database 0: %s', async (name) => {
    const program = start(name, `${redis.url}/77`);

    const end = program.line(({ msg }) => msg === 'Redis is ready');

    await expect(end).rejects.toThrow(`REDIS_URL: the database of 127.0.0.1:${redis.port}/77 cannot be used`);
    expect(program.process.exitCode).toBe(1);
  });

  it.each([
    { name: 'api', taken: '-info', needed: 'the api needs: +info.' },
    { name: 'worker', taken: '-@blocking', needed: 'the worker needs: +@blocking.' },
  ] as const)('exits if its user lacks rights, and names them: $name', async ({ name, taken, needed }) => {
    const client = new Redis(redis.url);
    await client.call('ACL', 'SETUSER', LIMITED_USER, ...documentedRights().split(' '), taken);
    client.disconnect();
    const program = start(name, asLimitedUser(redis.url));

    const end = program.line(({ msg }) => msg === 'ready');

    await expect(end).rejects.toThrow(`127.0.0.1:${redis.port}/0 lacks rights that ${needed}`);
    expect(program.process.exitCode).toBe(1);
  });

  it.each(NAMES)(
    'names the hosts that it cannot reach, without the password, and is alive: %s',
    async (name) => {
      const [port, healthPort] = [await freePort(), String(await freePort())];
      const program = start(name, `redis://user:hunter2hunter2@127.0.0.1:${port}/1`, {
        [name === 'api' ? 'PORT' : 'WORKER_PORT']: healthPort,
      });

      const line = await program.line(({ msg }) => msg === 'Redis is unavailable');

      expect(line.REDIS_URL).toBe(`127.0.0.1:${port}/1`);
      expect(JSON.stringify(program.lines)).not.toContain('hunter2');
      const answers = async () =>
        expect((await fetch(`http://127.0.0.1:${healthPort}/health`)).status).toBe(200);
      await vi.waitFor(answers, { timeout: 60_000, interval: 50 });
    },
  );
});

describe('a metrics port that is taken', () => {
  it('ends the API with a line that names it', async () => {
    const redis = await startRedis();
    const program = startProgram('api', serviceEnvironment(redis.url, { METRICS_PORT: String(redis.port) }));

    const line = await program.line(({ level }) => level === 'fatal' || level === 60);

    await redis.stop();
    expect(line).toMatchObject({ code: 'EADDRINUSE', port: redis.port });
    expect(String(line.msg)).toContain('METRICS_PORT');
    expect(await program.stop()).toBe(1);
  });
});

describe('a worker that is stopped while it loads its models', () => {
  it.skipIf(process.platform !== 'linux')(
    'ends with 0, so that its supervisor sees a plain stop',
    async () => {
      const redis = await startRedis();
      const program = startProgram('worker', serviceEnvironment(redis.url));
      const { pid } = program.process;
      const hasChild = async () =>
        expect(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).not.toBe('');
      await vi.waitFor(hasChild, { timeout: 60_000, interval: 1 });

      const code = await program.stop();

      await redis.stop();
      expect(program.errors).toEqual([]);
      expect(code).toBe(0);
    },
  );
});
