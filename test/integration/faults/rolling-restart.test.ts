import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../src/cli/start/ports.js';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { type Program, serviceEnvironment, startProgram } from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';

let images: ImageServer;
let photos: PhotoSet;
let redis: RedisServer;
let ports: number[];
const programs = { apis: [] as Program[], workers: [] as Program[] };

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  redis = await startRedis();
  ports = [await freePort(), await freePort()];
  programs.apis = ports.map(startApi);
  programs.workers = [startWorker(), startWorker()];
  await Promise.all(ports.map(waitUntilReady));
});

afterAll(async () => {
  await Promise.all([...programs.apis, ...programs.workers].map((program) => program.stop()));
  await redis?.stop();
  await images?.stop();
});

const startApi = (port: number): Program =>
  startProgram('api', serviceEnvironment(redis.url, { PORT: String(port), DRAIN_SECONDS: '1' }));
const startWorker = (): Program => startProgram('worker', serviceEnvironment(redis.url));

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health/ready`).then(
    (answer) => answer.ok,
    () => false,
  );
const waitUntilReady = (port: number) =>
  vi.waitFor(async () => expect(await isReady(port)).toBe(true), { timeout: 60_000, interval: 50 });

/** Sends callers to replicas that said they were ready at the last check, as any load balancer does. */
function startBalancer() {
  const ready = new Set(ports);
  const failures: unknown[] = [];
  let answered = 0;
  let stopped = false;
  const look = async (port: number): Promise<void> => {
    while (!stopped) {
      if (await isReady(port)) ready.add(port);
      else ready.delete(port);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const call = async (): Promise<void> => {
    while (!stopped) {
      const choices = [...ready];
      const port = choices[answered % choices.length];
      const answer = await fetch(`http://127.0.0.1:${port}/compare-faces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user_id: 'u-1', ...photos.same }),
      }).then(
        async (response) => ({ status: response.status, body: await response.json() }),
        (error: unknown) => ({ status: 0, body: String(error) }),
      );
      answered += 1;
      if (answer.status !== 200) failures.push({ port, ...answer });
    }
  };
  const running = Promise.all([...ports.map(look), call(), call(), call()]);
  return {
    answered: () => answered,
    stop: async () => {
      stopped = true;
      await running;
      return { answered, failures };
    },
  };
}

async function restart(list: Program[], index: number, start: () => Program): Promise<void> {
  const old = list[index];
  const ended = old ? once(old.process, 'exit') : Promise.resolve([]);
  old?.process.kill('SIGTERM');
  await ended;
  list[index] = start();
}

describe('Q26: a rolling restart under load', () => {
  it('of both APIs and both workers fails no request', async () => {
    const balancer = startBalancer();
    await vi.waitFor(() => expect(balancer.answered()).toBeGreaterThan(5), 60_000);

    for (const [index, port] of ports.entries()) {
      await restart(programs.apis, index, () => startApi(port));
      await waitUntilReady(port);
      await restart(programs.workers, index, startWorker);
      await programs.workers[index]?.line((line) => line.msg === 'ready');
    }
    const { answered, failures } = await balancer.stop();

    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(20);
  }, 90_000);
});
