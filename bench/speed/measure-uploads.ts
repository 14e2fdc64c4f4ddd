import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { IMAGE_NAMES } from '../../src/shared/contract/compare-request.js';
import { FORM_TYPE, multipart, photoPart, textPart } from '../../test/support/builders/multipart.js';
import { UPLOAD_KEY } from '../../test/support/photos/upload-photos.js';
import { type Fleet, startFleet } from './fleet.js';
import { comparisonBody, photoName } from './make-photos.js';
import { loopDelayMs, scrape } from './prometheus.js';
import { median } from './statistics.js';

/** Cost of photos that come with the request. */
export interface UploadReport {
  /** Medians of answers with one caller, ms, photos of 0.3 megapixels, by URL and in a form in turn. */
  readonly urlMs: number;
  readonly formMs: number;
  /** Median of the differences of neighbours, form - URL, ms. */
  readonly extraMs: number;
  readonly pairs: number;
  /** While ten callers upload four photos of 2 MB each, one request after the other. */
  readonly callers: number;
  readonly megabytesPerSecond: number;
  /** 99th percentile of the API's event loop, Node's own 10 ms of sampling included, ms. */
  readonly loopDelayMs: number;
  /** 99th percentile of the API's CPU time in 10 ms of its event loop or, if it was busy for longer, until its next turn, ms. */
  readonly loopCpuMs: number;
  /** Answers that were not 202. */
  readonly failures: number;
}

const CALLERS = 10;
const LARGE_BYTES = 2_000_000;
const WARM_UP = 10;
const ENVIRONMENT = { UPLOAD_KEYS: UPLOAD_KEY, LOG_LEVEL: 'warn' };

/** Compares uploads with URLs, and measures the API while photos arrive. */
export async function measureUploads(photos: string, seconds: number): Promise<UploadReport> {
  return { ...(await measureLatencies(photos, seconds)), ...(await measureLoad(photos, seconds)) };
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

/** Without a worker; each job is cancelled, which removes its photos. */
async function measureLoad(photos: string, seconds: number) {
  const folder = mkdtempSync(join(tmpdir(), 'face-bench-'));
  const cpuFile = join(folder, 'cpu');
  const fleet = await startFleet({
    photos,
    workers: [],
    env: { ...ENVIRONMENT, LOOP_CPU_FILE: cpuFile },
    nodeArgs: ['--import', new URL('./loop-cpu.mjs', import.meta.url).href],
  });
  const parts = IMAGE_NAMES.map((name) => photoPart(name, randomBytes(LARGE_BYTES)));
  const form = new Uint8Array(multipart([textPart('user_id', 'bench'), ...parts]));
  const call = async (): Promise<boolean> => {
    const headers = { 'content-type': FORM_TYPE };
    const response = await fetch(`${fleet.origin}/jobs`, { method: 'POST', headers, body: form });
    const { job_id: jobId } = (await response.json()) as { job_id?: string };
    await fetch(`${fleet.origin}/jobs/${jobId}`, { method: 'DELETE' });
    return response.status === 202;
  };
  try {
    await Promise.all(Array.from({ length: CALLERS }, call));
    await scrape(fleet.metricsOrigin);
    await readLoopCpu(fleet, cpuFile);
    const startedAt = performance.now();
    const results = await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        const own: boolean[] = [];
        while (performance.now() - startedAt < seconds * 1_000) own.push(await call());
        return own;
      }),
    );
    const accepted = results.flat();
    const elapsedSeconds = (performance.now() - startedAt) / 1_000;
    return {
      callers: CALLERS,
      megabytesPerSecond: (accepted.length * form.length) / 1e6 / elapsedSeconds,
      loopDelayMs: loopDelayMs(await scrape(fleet.metricsOrigin)),
      loopCpuMs: await readLoopCpu(fleet, cpuFile),
      failures: accepted.filter((ok) => !ok).length,
    };
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns what `loop-cpu.mjs` measured since the last call, ms. */
async function readLoopCpu(fleet: Fleet, file: string): Promise<number> {
  rmSync(file, { force: true });
  for (const pid of fleet.pids('api')) process.kill(pid, 'SIGUSR2');
  while (!existsSync(file)) await pause(10);
  return Number(readFileSync(file, 'utf8'));
}
