import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Fleet, firstLine, startFleet, startScript, stopProgram } from './fleet.js';
import { createGun, fireClosed, type Gun } from './load.js';
import { loopDelayMs, scrape } from './prometheus.js';
import { type Summary, summarise } from './statistics.js';

/** Cost of a request whose job has no work. */
export interface ApiReport {
  /** Requests per second with 32 in flight; API, queue, idle worker and sender share one machine. */
  readonly perSecond: number;
  /** Time from sending to the answer with one request at a time, ms: HTTP, enqueueing, dequeueing, waiting for the event. */
  readonly aloneMs: Summary;
  /** CPU time per request, ms. */
  readonly apiCpuMs: number;
  readonly redisCpuMs: number;
  /** 99th percentile under that load, Node's own 10 ms of sampling included, ms. */
  readonly loopDelayMs: number;
  /** A thousand callers waiting for an answer. */
  readonly waiting: WaitingReport;
}

export interface WaitingReport {
  readonly callers: number;
  /** Connections to Redis before and with these callers. */
  readonly connectionsBefore: number;
  readonly connectionsWith: number;
  /** Resident memory of the API before and with these callers, MB. */
  readonly memoryBeforeMb: number;
  readonly memoryWithMb: number;
  /** Callers that got their answer after a worker started. */
  readonly answered: number;
}

const CALLERS = 1_000;

/** Measures the API with a real Redis and jobs without work. */
export async function measureApi(photos: string, seconds: number): Promise<ApiReport> {
  const fleet = await startFleet({ photos, workers: [], env: { LOG_LEVEL: 'info' } });
  const photo = `${fleet.photoOrigin}/nothing.jpg`;
  const images = { front_image1: photo, front_image2: photo, front_image3: photo, back_image: photo };
  const gun = createGun({
    origin: fleet.origin,
    body: (index) => JSON.stringify({ user_id: `bench-${index}`, ...images }),
  });
  const worker = startScript('idle-worker-process.ts', [fleet.redisUrl, 'lite']);
  try {
    await firstLine(worker);
    await fireClosed(gun, { inFlight: 32, seconds: 2 });
    const alone = await fireClosed(gun, { inFlight: 1, seconds: seconds / 2 });
    const full = await measureFull(fleet, gun, seconds);
    await stopProgram(worker);
    return {
      ...full,
      aloneMs: summarise(alone.map(({ endedAt, intendedAt }) => endedAt - intendedAt)),
      waiting: await measureWaiting(fleet, gun),
    };
  } finally {
    await stopProgram(worker);
    await gun.close();
    await fleet.stop();
  }
}

async function measureFull(
  fleet: Fleet,
  gun: Gun,
  seconds: number,
): Promise<Pick<ApiReport, 'perSecond' | 'apiCpuMs' | 'redisCpuMs' | 'loopDelayMs'>> {
  await scrape(fleet.metricsOrigin);
  const before = fleet.cpuSeconds();
  const startedAt = performance.now();
  const shots = await fireClosed(gun, { inFlight: 32, seconds });
  const elapsedMs = performance.now() - startedAt;
  const after = fleet.cpuSeconds();
  const served = shots.filter(({ status }) => status === 200).length;
  return {
    perSecond: (served * 1_000) / elapsedMs,
    apiCpuMs: ((after.api - before.api) * 1_000) / served,
    redisCpuMs: ((after.redis - before.redis) * 1_000) / served,
    loopDelayMs: loopDelayMs(await scrape(fleet.metricsOrigin)),
  };
}

/** Lets callers wait without a worker, measures the cost, and then starts a worker that answers all. */
async function measureWaiting(fleet: Fleet, gun: Gun): Promise<WaitingReport> {
  const redis = new Redis(fleet.redisUrl);
  const countConnections = async () =>
    String(await redis.client('LIST'))
      .trim()
      .split('\n').length;
  const memoryMb = () => fleet.memoryMb().api[0]?.now ?? Number.NaN;
  const connectionsBefore = await countConnections();
  const memoryBeforeMb = memoryMb();
  const calls = Array.from({ length: CALLERS }, (_, index) => gun.fire(index, performance.now()));
  const end = performance.now() + 30_000;
  while (performance.now() < end && (await waitingCallers(fleet)) < CALLERS) {
    await pause(100);
  }
  const connectionsWith = await countConnections();
  const memoryWithMb = memoryMb();
  redis.disconnect();
  const worker = startScript('idle-worker-process.ts', [fleet.redisUrl, 'lite']);
  const shots = await Promise.all(calls);
  await stopProgram(worker);
  const answered = shots.filter(({ status }) => status === 200).length;
  return { callers: CALLERS, connectionsBefore, connectionsWith, memoryBeforeMb, memoryWithMb, answered };
}

async function waitingCallers(fleet: Fleet): Promise<number> {
  return (await scrape(fleet.metricsOrigin)).get('face_waiting_callers') ?? 0;
}
