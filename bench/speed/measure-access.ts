import { availableParallelism } from 'node:os';
import { type Fleet, firstLine, startFleet, startScript, stopProgram } from './fleet.js';
import { countAnswers, createGun, fireClosed, type Gun } from './load.js';
import { comparisonBody } from './make-photos.js';
import { median } from './statistics.js';

/** Throughput with and without API keys and a rate limit, measured in turn on one machine. */
export interface AccessComparison {
  /** Medians over the rounds, answers of 200 per second. */
  readonly openPerSecond: number;
  readonly guardedPerSecond: number;
  /** Median over the rounds of guarded / open of the same round. */
  readonly ratio: number;
  /** Median CPU time of API and Redis per answer, ms. */
  readonly openCpuMs: number;
  readonly guardedCpuMs: number;
  readonly rounds: readonly { readonly open: number; readonly guarded: number }[];
}

export interface AccessReport {
  /** Real comparisons of four photos of two megapixels. */
  readonly comparisons: AccessComparison;
  /** Jobs without work: only the API itself is measured, the worst case. */
  readonly bareApi: AccessComparison;
}

export interface AccessSetting {
  readonly photos: string;
  readonly seconds: number;
  /** Rounds with one measurement each without and with access control, in alternating order. */
  readonly rounds: number;
}

/** Time before counting starts, s. */
const WARM_UP_SECONDS = 2;
/** Requests in flight: per processor for real comparisons, in total for jobs without work. */
const COMPARISONS_IN_FLIGHT = 8;
const BARE_IN_FLIGHT = 32;

const keyOf = (index: number): string => `bench-key-${index}-0123456789abcdef`;
/** Ten tenants, so that keys must be searched, and a limit that counts every request and refuses none. */
const GUARDED = {
  API_KEYS: Array.from({ length: 10 }, (_, index) => `tenant-${index}:${keyOf(index)}`).join(','),
  RATE_LIMIT_PER_MINUTE: '10000000',
};

/** Measures the cost of API keys and rate limits, with real comparisons and with jobs without work. */
export async function measureAccess(setting: AccessSetting): Promise<AccessReport> {
  return {
    comparisons: await compareFleets(setting, [undefined], COMPARISONS_IN_FLIGHT * availableParallelism()),
    bareApi: await compareFleets(setting, [], BARE_IN_FLIGHT),
  };
}

interface Range {
  readonly fleet: Fleet;
  readonly gun: Gun;
  stop(): Promise<void>;
}

async function compareFleets(
  setting: AccessSetting,
  workers: readonly undefined[],
  inFlight: number,
): Promise<AccessComparison> {
  const open = await openRange(setting.photos, workers, {});
  const guarded = await openRange(setting.photos, workers, GUARDED).catch(async (error: unknown) => {
    await open.stop();
    throw error;
  });
  const shoot = (range: Range) => measureRange(range, { inFlight, seconds: setting.seconds });
  try {
    const rounds: { open: Measured; guarded: Measured }[] = [];
    for (let round = 0; round < setting.rounds; round++) {
      // Alternating order, so that drift on the machine affects both equally.
      if (round % 2 === 0) rounds.push({ open: await shoot(open), guarded: await shoot(guarded) });
      else {
        const first = await shoot(guarded);
        rounds.push({ guarded: first, open: await shoot(open) });
      }
    }
    return {
      openPerSecond: median(rounds.map((round) => round.open.perSecond)),
      guardedPerSecond: median(rounds.map((round) => round.guarded.perSecond)),
      ratio: median(rounds.map((round) => round.guarded.perSecond / round.open.perSecond)),
      openCpuMs: median(rounds.map((round) => round.open.cpuMs)),
      guardedCpuMs: median(rounds.map((round) => round.guarded.cpuMs)),
      rounds: rounds.map((round) => ({ open: round.open.perSecond, guarded: round.guarded.perSecond })),
    };
  } finally {
    await Promise.all([open.stop(), guarded.stop()]);
  }
}

/** A fleet with a sender. If it has no workers, it gets one that decides immediately. */
async function openRange(
  photos: string,
  workers: readonly undefined[],
  env: Readonly<Record<string, string>>,
): Promise<Range> {
  const fleet = await startFleet({ photos, workers, env });
  const idle =
    workers.length > 0 ? undefined : startScript('idle-worker-process.ts', [fleet.redisUrl, 'lite']);
  if (idle) await firstLine(idle);
  const gun = createGun({
    origin: fleet.origin,
    body: (index) => comparisonBody('2mp', fleet.photoOrigin, index),
    headers: 'API_KEYS' in env ? { authorization: `Bearer ${keyOf(7)}` } : {},
  });
  return {
    fleet,
    gun,
    stop: async () => {
      await gun.close();
      if (idle) await stopProgram(idle);
      await fleet.stop();
    },
  };
}

interface Measured {
  readonly perSecond: number;
  readonly cpuMs: number;
}

async function measureRange(
  { fleet, gun }: Range,
  { inFlight, seconds }: { readonly inFlight: number; readonly seconds: number },
): Promise<Measured> {
  await fireClosed(gun, { inFlight, seconds: WARM_UP_SECONDS });
  const before = fleet.cpuSeconds();
  const startedAt = performance.now();
  const shots = await fireClosed(gun, { inFlight, seconds });
  const elapsedMs = performance.now() - startedAt;
  const after = fleet.cpuSeconds();
  const served = shots.filter(({ status }) => status === 200).length;
  if (served < shots.length)
    throw new Error(`not all were answered with 200: ${JSON.stringify(countAnswers(shots))}`);
  const cpu = after.api + after.redis - before.api - before.redis;
  return { perSecond: (served * 1_000) / elapsedMs, cpuMs: (cpu * 1_000) / served };
}
