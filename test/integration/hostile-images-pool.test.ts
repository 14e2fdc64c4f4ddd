import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { VerificationError } from '../../src/shared/errors.js';
import { createVisionPool, type VisionPool } from '../../src/worker/vision/process/vision-pool.js';
import type { FaceAnalysis } from '../../src/worker/vision/types.js';
import { jpegSegment, withJpegSegments } from '../support/builders/jpeg-builder.js';
import { blackPng } from '../support/builders/png-builder.js';
import { DEAREST_IMAGES } from '../support/photos/dearest-images.js';
import { createHostileImages } from '../support/photos/hostile-images.js';
import { samePersonPhotos } from '../support/photos/photos.js';
import { liteManifest, liteSettings } from '../support/photos/vision-settings.js';
import { listVisionPids } from '../support/programs/process-table.js';

const MEBIBYTE = 2 ** 20;
/** The worker's default, VISION_MEMORY_MB. */
const MEMORY_LIMIT = 1536 * MEBIBYTE;
const DEADLINE_MS = 20_000;

/** Refused before a pixel is decoded. */
const REFUSED = [
  'bomb_30000x30000_1bit.png',
  'flat_16000.jpg',
  'lying_16383.webp',
  'lying_dims_65500.jpg',
  'progbomb_6000.jpg',
];

/** A real photo with 200 MB of zeros in a compressed chunk that nobody has to unpack. */
const HARMLESS = ['iccp_bomb.png', 'ztxt_bomb.png'];

/** Made again each time, with a note inside, so that no digest is known before. */
const EXPENSIVE: readonly ((note: string) => Buffer)[] = [
  (note) => withJpegSegments(DEAREST_IMAGES['scans.jpg'](), [jpegSegment(0xfe, Buffer.from(note))]),
  (note) => Buffer.concat([DEAREST_IMAGES['interlaced.png'](), Buffer.from(note)]),
  (note) => Buffer.concat([DEAREST_IMAGES['largest.png'](), Buffer.from(note)]),
];

/** The most memory a process has ever had resident, bytes. */
function peakRss(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** Follows the peak memory of whichever processes `pids` lists, until `stop` returns the highest, bytes. */
function watchPeakRss(pids: () => number[]): { stop: () => number } {
  let highest = 0;
  const look = (): void => {
    for (const pid of pids())
      if (existsSync(`/proc/${pid}/status`)) highest = Math.max(highest, peakRss(pid) || 0);
  };
  const timer = setInterval(look, 5);
  return {
    stop: () => {
      clearInterval(timer);
      return highest;
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(2);
}

function startPool(processes: number, memoryLimitBytes = MEMORY_LIMIT): VisionPool {
  return createVisionPool({
    settings: liteSettings(),
    manifest: liteManifest(),
    processes,
    memoryLimitBytes,
  });
}

const codeOf = (error: unknown): string => (error instanceof VerificationError ? error.code : String(error));

describe.skipIf(process.platform !== 'linux')('bombs in the vision pool', () => {
  let good: Buffer;
  let bystander: VisionPool;
  let bystanderPids: number[];
  let pool: VisionPool | undefined;

  beforeAll(async () => {
    [good = Buffer.alloc(0)] = await samePersonPhotos();
    bystander = startPool(1);
    await bystander.ready();
    bystanderPids = listVisionPids();
  });

  afterEach(async () => {
    await pool?.close();
    pool = undefined;
    // Whatever was killed, it was nobody else's process.
    expect(listVisionPids()).toEqual(bystanderPids);
    expect(bystander.stats()).toMatchObject({ alive: 1, restarts: 0 });
  });

  afterAll(() => bystander.close());

  it('pass through in a stream within the memory limit and cost no process, while good photos are served', async () => {
    pool = startPool(2);
    const taken = pool;
    const analyse = (bytes: Uint8Array) => taken.analyse(bytes, { deadlineMs: DEADLINE_MS });
    await pool.ready();
    const pids = listVisionPids().filter((pid) => !bystanderPids.includes(pid));
    const hostile = await createHostileImages();
    const named = await Promise.all([...REFUSED, ...HARMLESS].map(hostile.make));
    const bombs = [...named, ...EXPENSIVE.map((make) => make('stream'))];
    const served: Promise<FaceAnalysis>[] = [];

    const codes = await Promise.all(
      bombs.map((bomb) => {
        const outcome = analyse(bomb).then(() => 'analysed', codeOf);
        served.push(analyse(good));
        return outcome;
      }),
    );

    const analyses = await Promise.all(served);
    expect(codes).toEqual([
      ...REFUSED.map(() => 'image_too_large'),
      ...HARMLESS.map(() => 'analysed'),
      'face_not_found',
      'face_not_found',
      // All black: too dark to look for a face.
      'low_quality',
    ]);
    expect(analyses.map(({ facesFound }) => facesFound)).toEqual(bombs.map(() => 1));
    expect(pool.stats()).toMatchObject({ restarts: 0, lost: { crash: 0, deadline: 0, memory: 0 } });
    for (const pid of pids) expect(peakRss(pid)).toBeLessThan(MEMORY_LIMIT);
  });

  it('in strips are refused in no time, however many come at once', async () => {
    pool = startPool(2);
    const taken = pool;
    await pool.ready();
    const pids = listVisionPids().filter((pid) => !bystanderPids.includes(pid));
    const tall = blackPng({ width: 1, height: 50_000_000 });
    const wide = blackPng({ width: 1_000_000, height: 50, depth: 16, colourType: 6 });
    const strips = [...Array<Buffer>(8).fill(tall), ...Array<Buffer>(8).fill(wide)];

    // One strip took 34 s of processor time and 1.8 GB.
    const codes = await Promise.all(
      strips.map((strip) => taken.analyse(strip, { deadlineMs: 1_000 }).then(() => 'analysed', codeOf)),
    );

    expect(codes).toEqual([...Array(8).fill('face_too_small'), ...Array(8).fill('image_too_large')]);
    expect(pool.stats()).toMatchObject({ restarts: 0, lost: { crash: 0, deadline: 0, memory: 0 } });
    for (const pid of pids) expect(peakRss(pid)).toBeLessThan(400 * MEBIBYTE);
  });

  it('get one retry between all their copies, side by side and queued', async () => {
    pool = startPool(2);
    const taken = pool;
    await pool.ready();
    const bomb = EXPENSIVE[0]!('copies');

    const copies = await Promise.all(
      Array.from({ length: 6 }, () =>
        taken.analyse(Buffer.from(bomb), { deadlineMs: 200 }).then(() => 'analysed', codeOf),
      ),
    );

    expect(copies).toEqual(Array(6).fill('image_undecodable'));
    expect(pool.stats().lost).toEqual({ crash: 0, deadline: 2, memory: 0 });
  });

  it('let their copies wait while the retry runs, and other photos pass', async () => {
    pool = startPool(2);
    const taken = pool;
    await pool.ready();
    const bomb = EXPENSIVE[0]!('waiting');
    const first = pool.analyse(Buffer.from(bomb), { deadlineMs: 200 }).then(() => 'analysed', codeOf);
    await until(() => taken.stats().lost.deadline === 1 && taken.stats().busy > 0);

    const copy = pool.analyse(Buffer.from(bomb), { deadlineMs: 200 }).then(() => 'analysed', codeOf);
    const next = pool.analyse(good, { deadlineMs: DEADLINE_MS });

    expect((await next).facesFound).toBe(1);
    expect(await Promise.all([first, copy])).toEqual(['image_undecodable', 'image_undecodable']);
    expect(pool.stats().lost.deadline).toBe(2);
  });

  it('count against the photo that was sent also when its caller has gone and its bytes are overwritten', async () => {
    pool = startPool(1);
    const taken = pool;
    await pool.ready();
    const [pid = 0] = listVisionPids().filter((one) => !bystanderPids.includes(one));
    const before = peakRss(pid);
    const bomb = EXPENSIVE[1]!('abandoned');
    const bytes = Buffer.from(bomb);
    const caller = new AbortController();
    const abandoned = pool.analyse(bytes, { deadlineMs: 400, signal: caller.signal });
    // The decoder is at work, so it has the whole file.
    await until(() => peakRss(pid) > before + 50 * MEBIBYTE);

    caller.abort(new Error('the caller has gone'));
    await expect(abandoned).rejects.toThrow('the caller has gone');
    bytes.fill(0);
    await until(() => taken.stats().lost.deadline === 1);

    const again = pool.analyse(Buffer.from(bomb), { deadlineMs: 400 });
    await expect(again).rejects.toMatchObject({ code: 'image_undecodable' });
    expect(pool.stats().lost.deadline).toBe(2);
  });

  it('that overrun the deadline cost their own process only, and good photos are served afterwards', async () => {
    pool = startPool(1);
    await pool.ready();

    const overrun = pool.analyse(EXPENSIVE[0]!('deadline'), { deadlineMs: 200 });
    const next = pool.analyse(good, { deadlineMs: DEADLINE_MS });

    await expect(overrun).rejects.toMatchObject({ code: 'image_undecodable' });
    expect((await next).facesFound).toBe(1);
    expect(pool.stats().lost).toEqual({ crash: 0, deadline: 2, memory: 0 });
  });

  it('that outgrow the memory limit cost their own process only, and good photos are served afterwards', async () => {
    pool = startPool(1, 256 * MEBIBYTE);
    await pool.ready();

    const peak = watchPeakRss(() => listVisionPids().filter((pid) => !bystanderPids.includes(pid)));
    const greedy = pool.analyse(EXPENSIVE[1]!('memory'), { deadlineMs: DEADLINE_MS });
    const next = pool.analyse(good, { deadlineMs: DEADLINE_MS });

    await expect(greedy).rejects.toMatchObject({ code: 'image_undecodable' });
    expect((await next).facesFound).toBe(1);
    expect(pool.stats().lost).toEqual({ crash: 0, deadline: 0, memory: 2 });
    // Left alone, the photo takes 620 MiB.
    expect(peak.stop()).toBeLessThan(512 * MEBIBYTE);
  });
});
