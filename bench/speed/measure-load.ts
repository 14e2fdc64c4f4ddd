import { type Fleet, ROLES, type Role } from './fleet.js';
import { countAnswers, createGun, fireClosed, fireOpen, type Gun, type OpenLoad, type Shot } from './load.js';
import { comparisonBody, type PhotoKind } from './make-photos.js';
import { machineBusySeconds } from './process-figures.js';
import { growthByLabel, loopDelayMs, type Samples, scrape } from './prometheus.js';
import { type Summary, summarise } from './statistics.js';

/** Result of a period of load. */
export interface LoadReport {
  /** Requests sent per second; undefined in a closed loop. */
  readonly offeredPerSecond?: number;
  readonly seconds: number;
  /** Answers by status; 0 for broken connections. */
  readonly answers: Readonly<Record<string, number>>;
  /** Comparisons answered with 200 per second. */
  readonly perSecond: number;
  /** Time from the intended sending to an answer of 200, ms. */
  readonly latencyMs: Summary;
  /** The same for refusals with 503, ms. */
  readonly refusalMs: Summary;
  /** CPU time per comparison answered with 200, by role, ms. */
  readonly cpuMsByRole: Readonly<Record<Role, number>>;
  /** CPU time of all other programs on the machine, in cores. */
  readonly othersCores: number;
  /** 99th percentile of the event loop's delay, Node's own 10 ms of sampling included, ms. */
  readonly loopDelayMs: { readonly api: number; readonly worker: number };
  /** Time of each step per comparison, summed over the analysed photos, ms. */
  readonly stepsMs: Readonly<Record<string, number>>;
  /** Time of a comparison in the worker, ms. */
  readonly workerMs: Summary;
  /** From the first request to the last answer: answers of 200, and comparisons that the workers ended with any outcome. */
  readonly total: { readonly answered: number; readonly ended: number };
}

export interface LoadOptions {
  readonly kind: PhotoKind;
  readonly load: { readonly inFlight: number; readonly seconds: number } | OpenLoad;
  /** Pause of the photo host before each answer, ms. */
  readonly hostPauseMs?: number;
}

/** Warm-up of a closed loop, s. */
const WARM_UP_SECONDS = 5;

/** Puts load on a fleet and returns the result. */
export async function measureLoad(
  fleet: Fleet,
  { kind, load, hostPauseMs }: LoadOptions,
): Promise<LoadReport> {
  const gun = createGun({
    origin: fleet.origin,
    body: (index) => comparisonBody(kind, fleet.photoOrigin, index, hostPauseMs),
  });
  try {
    const start = await takeStock(fleet);
    const { before, after, shots, answered } =
      'inFlight' in load ? await runClosed(fleet, gun, load) : await runOpen(fleet, gun, load);
    const ended = sumOver(start, await takeStock(fleet), 'face_comparisons_total');
    return {
      ...('inFlight' in load ? {} : { offeredPerSecond: load.perSecond }),
      ...describe(shots, before, after),
      workerMs: summarise(workerTimes(fleet, before.lines, after.lines)),
      total: { answered, ended },
    };
  } finally {
    await gun.close();
  }
}

interface Run {
  readonly before: Stock;
  readonly after: Stock;
  /** The counted requests. */
  readonly shots: readonly Shot[];
  /** Answers of 200 to all requests. */
  readonly answered: number;
}

/** Counts only the middle of the loop, without start and end, when fewer requests are in flight. */
async function runClosed(
  fleet: Fleet,
  gun: Gun,
  { inFlight, seconds }: { readonly inFlight: number; readonly seconds: number },
): Promise<Run> {
  const firing = fireClosed(gun, { inFlight, seconds: seconds + WARM_UP_SECONDS });
  await pause(WARM_UP_SECONDS);
  const before = await takeStock(fleet);
  await pause(seconds);
  const after = await takeStock(fleet);
  const all = await firing;
  const shots = all.filter(({ endedAt }) => endedAt >= before.at && endedAt < after.at);
  return { before, after, shots, answered: countServed(all) };
}

async function runOpen(fleet: Fleet, gun: Gun, load: OpenLoad): Promise<Run> {
  const before = await takeStock(fleet);
  const shots = await fireOpen(gun, load);
  return { before, after: await takeStock(fleet), shots, answered: countServed(shots) };
}

const countServed = (shots: readonly Shot[]) => shots.filter(({ status }) => status === 200).length;

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

interface Stock {
  readonly at: number;
  readonly cpu: Readonly<Record<Role, number>>;
  readonly busy: number;
  readonly api: Samples;
  readonly workers: readonly Samples[];
  readonly lines: number;
}

async function takeStock(fleet: Fleet): Promise<Stock> {
  const figures = { at: performance.now(), cpu: fleet.cpuSeconds(), busy: machineBusySeconds() };
  const [api, ...workers] = await Promise.all([fleet.metricsOrigin, ...fleet.workerOrigins].map(scrape));
  return {
    ...figures,
    api: api ?? new Map(),
    workers,
    lines: fleet.workerLines().length,
  };
}

function describe(
  shots: readonly Shot[],
  before: Stock,
  after: Stock,
): Omit<LoadReport, 'workerMs' | 'total'> {
  const seconds = (after.at - before.at) / 1_000;
  const answers = countAnswers(shots);
  const latencies = (status: number) =>
    shots.filter((shot) => shot.status === status).map((shot) => shot.endedAt - shot.intendedAt);
  const served = answers[200] ?? 0;
  const spent = (role: Role) => after.cpu[role] - before.cpu[role];
  const ours = ROLES.reduce((sum, role) => sum + spent(role), 0);
  return {
    seconds,
    answers,
    perSecond: served / seconds,
    latencyMs: summarise(latencies(200)),
    refusalMs: summarise(latencies(503)),
    cpuMsByRole: Object.fromEntries(
      ROLES.map((role) => [role, (spent(role) * 1_000) / served]),
    ) as LoadReport['cpuMsByRole'],
    othersCores: (after.busy - before.busy - ours) / seconds,
    loopDelayMs: {
      api: loopDelayMs(after.api),
      worker: Math.max(...after.workers.map(loopDelayMs)),
    },
    stepsMs: stepsOf(before, after),
  };
}

function stepsOf(before: Stock, after: Stock): Record<string, number> {
  const steps: Record<string, number> = {};
  after.workers.forEach((samples, index) => {
    const earlier = before.workers[index] ?? new Map();
    const growth = growthByLabel(earlier, samples, 'face_step_duration_seconds_sum');
    for (const [step, seconds] of Object.entries(growth)) steps[step] = (steps[step] ?? 0) + seconds;
  });
  const counted = sumOver(before, after, 'face_step_duration_seconds_count') / Object.keys(steps).length;
  return Object.fromEntries(
    Object.entries(steps).map(([step, seconds]) => [step, (seconds * 1_000) / counted]),
  );
}

function sumOver(before: Stock, after: Stock, name: string): number {
  return after.workers.reduce((sum, samples, index) => {
    const growth = growthByLabel(before.workers[index] ?? new Map(), samples, name);
    return sum + Object.values(growth).reduce((total, value) => total + value, 0);
  }, 0);
}

function workerTimes(fleet: Fleet, from: number, to: number): number[] {
  return fleet
    .workerLines()
    .slice(from, to)
    .flatMap(({ msg, duration_ms: ms }) => (msg === 'comparison' && typeof ms === 'number' ? [ms] : []));
}
