import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { IMAGE_NAMES } from '../../src/shared/contract/compare-request.js';
import { FORM_TYPE, multipart, photoPart, textPart } from '../../test/support/builders/multipart.js';
import { UPLOAD_KEY } from '../../test/support/photos/upload-photos.js';
import { listen } from '../../test/support/servers/listen.js';
import { type Fleet, startFleet } from '../speed/fleet.js';
import { comparisonBody, photoName } from '../speed/make-photos.js';
import { cpuSeconds } from '../speed/process-figures.js';
import { openRedisUsage, type RedisUsage } from './redis-usage.js';

/** Ways to ask for a comparison; `poll`: one more GET /jobs/:id; `bare`: comparisons whose photos do not exist. */
export const ROUTES = ['sync', 'job', 'webhook', 'batch', 'upload', 'poll', 'bare'] as const;
export type Route = (typeof ROUTES)[number];

/** Cost of one comparison on one route, without that of the idle service. */
export interface RouteCosts {
  readonly route: Route;
  readonly count: number;
  readonly perSecond: number;
  readonly redisCommands: number;
  readonly redisScripts: number;
  readonly redisCpuMs: number;
  /** Bytes that Redis received and sent, with one API that got no request. */
  readonly redisBytes: number;
  /** Memory of Redis after the end, bytes. */
  readonly storedBytes: number;
  readonly apiCpuMs: number;
  /** CPU of an API that got no request and reads the events of the queue, ms. */
  readonly listenerCpuMs: number;
  readonly workerCpuMs: number;
  /** Bytes of request and answer. */
  readonly callerBytes: number;
}

/** The service without requests: two APIs and one worker. */
export interface IdleCosts {
  readonly redisCommandsPerSecond: number;
  readonly redisBytesPerSecond: number;
  readonly redisCpuMsPerSecond: number;
}

export interface RoutesReport {
  readonly idle: IdleCosts;
  readonly routes: readonly RouteCosts[];
}

const CALLERS = 8;
const IDLE_SECONDS = 5;
const WARM_UP = 40;
/** No test of ours: a secret that only this benchmark uses. */
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
export const SCALE_ENVIRONMENT = { UPLOAD_KEYS: UPLOAD_KEY, WEBHOOK_SECRETS: WEBHOOK_SECRET };
/** As the documents recommend for Redis. */
export const REDIS_OPTIONS = ['--appendfsync', 'everysec'];

interface Bench {
  readonly fleet: Fleet;
  readonly photos: string;
  readonly receiver: { readonly url: string; count(): number };
  readonly redis: ReturnType<typeof openRedisUsage>;
}

/** Measures `count` comparisons of 0.3 megapixels on each route. */
export async function measureRoutes(photos: string, count: number): Promise<RoutesReport> {
  const fleet = await startFleet({
    photos,
    workers: [undefined],
    apis: 2,
    env: SCALE_ENVIRONMENT,
    redisOptions: REDIS_OPTIONS,
  });
  const redis = openRedisUsage(fleet.redisUrl);
  let received = 0;
  const server = createServer((incoming, response) => {
    received += 1;
    incoming.resume();
    response.writeHead(204).end();
  });
  const receiver = { url: `http://127.0.0.1:${await listen(server)}/`, count: () => received };
  const bench = { fleet, photos, redis, receiver };
  try {
    for (const route of ROUTES) await runRoute(bench, route, WARM_UP);
    const idle = await measureIdle(bench);
    const routes: RouteCosts[] = [];
    for (const route of ROUTES)
      routes.push(await measureRoute(bench, { route, idle, count: route === 'bare' ? count * 8 : count }));
    return { idle, routes };
  } finally {
    redis.close();
    server.close();
    await fleet.stop();
  }
}

interface Stock {
  readonly at: number;
  readonly redis: RedisUsage;
  readonly apiCpu: number;
  readonly listenerCpu: number;
  readonly workerCpu: number;
}

async function takeStock({ fleet, redis }: Bench): Promise<Stock> {
  const [api = 0, listener = 0] = fleet.pids('api');
  return {
    at: performance.now(),
    redis: await redis.read(),
    apiCpu: cpuSeconds(api),
    listenerCpu: cpuSeconds(listener),
    workerCpu: fleet.cpuSeconds().worker,
  };
}

async function measureIdle(bench: Bench): Promise<IdleCosts> {
  const before = await takeStock(bench);
  await pause(IDLE_SECONDS * 1_000);
  const after = await takeStock(bench);
  const seconds = (after.at - before.at) / 1_000;
  const perSecond = (figure: (usage: RedisUsage) => number) =>
    (figure(after.redis) - figure(before.redis)) / seconds;
  return {
    redisCommandsPerSecond: perSecond(({ commands }) => commands),
    redisBytesPerSecond: perSecond(({ bytesIn, bytesOut }) => bytesIn + bytesOut),
    redisCpuMsPerSecond: perSecond(({ cpuMs }) => cpuMs),
  };
}

async function measureRoute(
  bench: Bench,
  { route, count, idle }: { readonly route: Route; readonly count: number; readonly idle: IdleCosts },
): Promise<RouteCosts> {
  const before = await takeStock(bench);
  const callerBytes = await runRoute(bench, route, count);
  const after = await takeStock(bench);
  const seconds = (after.at - before.at) / 1_000;
  const each = (figure: (stock: Stock) => number, idlePerSecond = 0) =>
    (figure(after) - figure(before) - idlePerSecond * seconds) / count;
  return {
    route,
    count,
    perSecond: count / seconds,
    redisCommands: each(({ redis }) => redis.commands, idle.redisCommandsPerSecond),
    redisScripts: each(({ redis }) => redis.scripts),
    redisCpuMs: each(({ redis }) => redis.cpuMs, idle.redisCpuMsPerSecond),
    redisBytes: each(({ redis }) => redis.bytesIn + redis.bytesOut, idle.redisBytesPerSecond),
    storedBytes: each(({ redis }) => redis.memoryBytes),
    apiCpuMs: each(({ apiCpu }) => apiCpu * 1_000),
    listenerCpuMs: each(({ listenerCpu }) => listenerCpu * 1_000),
    workerCpuMs: each(({ workerCpu }) => workerCpu * 1_000),
    callerBytes: callerBytes / count,
  };
}

/** Has `count` comparisons done and waits until all have ended; returns the bytes of requests and answers. */
async function runRoute(bench: Bench, route: Route, count: number): Promise<number> {
  const { fleet, receiver } = bench;
  const endsBefore = countEnds(fleet);
  const receivedBefore = receiver.count();
  const bytes = await sendRoute(bench, route, count);
  const isDone = (): boolean =>
    (route === 'poll' || countEnds(fleet) - endsBefore >= count) &&
    (route !== 'webhook' || receiver.count() - receivedBefore >= count);
  while (!isDone()) await pause(50);
  return bytes;
}

function countEnds(fleet: Fleet): number {
  return fleet.workerLines().filter(({ msg }) => msg === 'comparison').length;
}

async function sendRoute({ fleet, photos, receiver }: Bench, route: Route, count: number): Promise<number> {
  const json = (index: number, fields: object = {}): string =>
    JSON.stringify({
      ...(JSON.parse(comparisonBody('0.3mp', fleet.photoOrigin, index)) as object),
      ...fields,
    });
  const post = (path: string, body: string | Buffer, type = 'application/json') =>
    exchange(`${fleet.origin}${path}`, { body, type });
  switch (route) {
    case 'sync':
      return repeat(count, (index) => post('/compare-faces', json(index)));
    case 'job':
      return repeat(count, (index) => post('/jobs', json(index)));
    case 'webhook':
      return repeat(count, (index) => post('/jobs', json(index, { callback_url: receiver.url })));
    case 'batch': {
      const lines = Array.from({ length: count }, (_, index) => json(index)).join('\n');
      return (await post('/batches', lines, 'application/x-ndjson')).bytes;
    }
    case 'upload': {
      const files = IMAGE_NAMES.map((name, index) =>
        photoPart(name, readFileSync(join(photos, photoName('0.3mp', index)))),
      );
      const form = multipart([textPart('user_id', 'bench'), ...files]);
      return repeat(count, () => post('/compare-faces', form, FORM_TYPE));
    }
    case 'poll': {
      const { answer } = await post('/jobs', json(0));
      const { job_id: jobId } = JSON.parse(answer) as { job_id: string };
      return repeat(count, () => exchange(`${fleet.origin}/jobs/${jobId}`));
    }
    case 'bare': {
      const photo = `${fleet.photoOrigin}/nothing.jpg`;
      const images = Object.fromEntries(IMAGE_NAMES.map((name) => [name, photo]));
      return repeat(count, (index) => post('/compare-faces', json(index, images)));
    }
  }
}

interface Exchange {
  readonly answer: string;
  readonly bytes: number;
}

async function repeat(count: number, send: (index: number) => Promise<Exchange>): Promise<number> {
  let next = 0;
  let bytes = 0;
  const keepSending = async (): Promise<void> => {
    while (next < count) {
      const { bytes: exchanged } = await send(next++);
      bytes += exchanged;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, keepSending));
  return bytes;
}

/** Bytes of the request line and headers that a small client sends. */
const REQUEST_HEAD_BYTES = 150;

async function exchange(
  url: string,
  sent?: { readonly body: string | Buffer; readonly type: string },
): Promise<Exchange> {
  const { body, headers, statusCode } = await request(url, {
    method: sent ? 'POST' : 'GET',
    ...(sent ? { body: sent.body, headers: { 'content-type': sent.type } } : {}),
  });
  const answer = await body.text();
  if (statusCode >= 500) throw new Error(`the service answered ${statusCode}: ${answer}`);
  const head = Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + `${value}`.length + 4,
    17,
  );
  return {
    answer,
    bytes: REQUEST_HEAD_BYTES + (sent ? Buffer.byteLength(sent.body) : 0) + head + Buffer.byteLength(answer),
  };
}
