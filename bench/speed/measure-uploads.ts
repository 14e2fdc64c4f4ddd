import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { IMAGE_NAMES } from '../../src/shared/contract/compare-request.js';
import { FORM_TYPE, multipart, photoPart, textPart } from '../../test/support/builders/multipart.js';
import { UPLOAD_KEY } from '../../test/support/photos/upload-photos.js';
import { type Fleet, startFleet, startScript, stopProgram } from './fleet.js';
import { comparisonBody, photoName } from './make-photos.js';
import { median } from './statistics.js';
import type { UploadClients, UploadClientsResult } from './upload-clients-process.js';

/** Cost of photos that come with the request. */
export interface UploadReport {
  /** Medians of answers with one caller, ms, photos of 0.3 megapixels, by URL and in a form in turn. */
  readonly urlMs: number;
  readonly formMs: number;
  /** Median of the differences of neighbours, form - URL, ms. */
  readonly extraMs: number;
  readonly pairs: number;
  readonly loads: readonly UploadLoad[];
}

/** While ten callers upload four photos of 2 MB each, one request after the other. */
export interface UploadLoad extends Pick<UploadClientsResult, 'failures' | 'megabytesPerSecond'> {
  readonly as: UploadClients['as'];
  readonly callers: number;
  /** 99th percentile of how late the API's event loop was for a timer of 10 ms, by the clock, ms. */
  readonly loopLateMs: number;
  /** 99th percentiles of the loop's own CPU time and of its wait for a core, between two ticks of that timer, ms. */
  readonly loopCpuMs: number;
  readonly loopWaitMs: number;
  /** Share of the time that garbage collection took. */
  readonly gcShare: number;
}

const CALLERS = 10;
const LARGE_BYTES = 2_000_000;
const WARM_UP = 10;
const ENVIRONMENT = { UPLOAD_KEYS: UPLOAD_KEY, LOG_LEVEL: 'warn' };

/** Compares uploads with URLs, and measures the API while photos arrive. */
export async function measureUploads(photos: string, seconds: number): Promise<UploadReport> {
  const latencies = await measureLatencies(photos, seconds);
  const loads: UploadLoad[] = [];
  for (const as of ['form', 'data URLs'] as const) loads.push(await measureLoad(photos, as, seconds));
  return { ...latencies, loads };
}

async function measureLatencies(photos: string, seconds: number) {
  const fleet = await startFleet({ photos, workers: [undefined], env: ENVIRONMENT });
  try {
    const files = IMAGE_NAMES.map((name, index) =>
      photoPart(name, readFileSync(join(photos, photoName('0.3mp', (index + 1) % IMAGE_NAMES.length)))),
    );
    const form = multipart([textPart('user_id', 'bench'), ...files]);
    const byUrl = () => timeOf(fleet, comparisonBody('0.3mp', fleet.photoOrigin, 0), 'application/json');
    const byForm = () => timeOf(fleet, form, FORM_TYPE);
    const pairs: (readonly [number, number])[] = [];
    const end = performance.now() + seconds * 1_000;
    for (let round = 0; performance.now() < end; round += 1) {
      // The order changes, so that neither always comes second.
      const first = await (round % 2 === 0 ? byUrl : byForm)();
      const second = await (round % 2 === 0 ? byForm : byUrl)();
      if (round >= WARM_UP) pairs.push(round % 2 === 0 ? [first, second] : [second, first]);
    }
    return {
      urlMs: median(pairs.map(([url]) => url)),
      formMs: median(pairs.map(([, uploaded]) => uploaded)),
      extraMs: median(pairs.map(([url, uploaded]) => uploaded - url)),
      pairs: pairs.length,
    };
  } finally {
    await fleet.stop();
  }
}

/** Returns the time of one comparison, ms. */
async function timeOf({ origin }: Fleet, body: string | Buffer, type: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${origin}/compare-faces`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const { matched } = (await response.json()) as { matched?: boolean };
  if (matched !== true)
    throw new Error(`a comparison of one person did not match: status ${response.status}`);
  return performance.now() - startedAt;
}

/** Without a worker. */
async function measureLoad(photos: string, as: UploadClients['as'], seconds: number): Promise<UploadLoad> {
  const folder = mkdtempSync(join(tmpdir(), 'face-bench-'));
  const timesFile = join(folder, 'times');
  const fleet = await startFleet({
    photos,
    workers: [],
    env: { ...ENVIRONMENT, LOOP_TIMES_FILE: timesFile },
    nodeArgs: ['--import', new URL('./loop-times.mjs', import.meta.url).href],
  });
  const { origin } = fleet;
  const order: UploadClients = { origin, as, callers: CALLERS, photoBytes: LARGE_BYTES, seconds };
  const clients = startScript('upload-clients-process.ts', [JSON.stringify(order)]);
  const lines = createInterface({ input: clients.stdout })[Symbol.asyncIterator]();
  try {
    await lines.next();
    await readLoopTimes(fleet, timesFile);
    const { value } = await lines.next();
    const { failures, megabytesPerSecond } = JSON.parse(value) as UploadClientsResult;
    const { lateMs, cpuMs, waitMs, gcShare } = await readLoopTimes(fleet, timesFile);
    return {
      as,
      callers: CALLERS,
      failures,
      megabytesPerSecond,
      loopLateMs: lateMs,
      loopCpuMs: cpuMs,
      loopWaitMs: waitMs,
      gcShare,
    };
  } finally {
    await stopProgram(clients);
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface LoopTimes {
  readonly lateMs: number;
  readonly cpuMs: number;
  readonly waitMs: number;
  readonly gcShare: number;
}

/** Returns what `loop-times.mjs` measured since the last call. */
async function readLoopTimes(fleet: Fleet, file: string) {
  rmSync(file, { force: true });
  for (const pid of fleet.pids('api')) process.kill(pid, 'SIGUSR2');
  while (!existsSync(file)) await pause(10);
  return JSON.parse(readFileSync(file, 'utf8')) as LoopTimes;
}
