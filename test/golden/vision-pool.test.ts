import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import {
  createVisionPool,
  type VisionPool,
  type VisionPoolOptions,
} from '../../src/worker/vision/process/vision-pool.js';
import { extraModelOrSkip } from '../support/extra-files.js';
import { cropFace, photoWithoutFace, SAME_PERSON, samePersonPhotos } from '../support/photos/photos.js';
import { LITE_FOLDER, liteManifest, liteSettings } from '../support/photos/vision-settings.js';
import { listVisionPids } from '../support/programs/process-table.js';

const DEADLINE_MS = 20_000;
const GIBIBYTE = 2 ** 30;

/** True if a process has ended or is a zombie. */
function hasEnded(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8').includes('State:\tZ');
  } catch {
    return true;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10);
}

function poolOf(changes: Partial<VisionPoolOptions> = {}): VisionPool {
  return createVisionPool({
    settings: liteSettings(),
    manifest: liteManifest(),
    processes: 1,
    memoryLimitBytes: GIBIBYTE,
    ...changes,
  });
}

describe.skipIf(process.platform !== 'linux')('a vision pool', () => {
  let pool: VisionPool;
  let photos: Buffer[];
  const losses: string[] = [];

  beforeAll(async () => {
    photos = await samePersonPhotos();
    const onLost = (reason: string, strikes: number) => losses.push(`${reason} ${strikes}`);
    pool = poolOf({ environment: { CANARY: 'visible' }, onLost });
    await pool.ready();
  });

  afterAll(async () => {
    await pool.close();
    expect(listVisionPids()).toEqual([]);
  });

  const photo = (index: number): Buffer => photos[index] ?? Buffer.alloc(0);

  it('names the models it has loaded', async () => {
    const identity = await pool.ready();

    const digests = liteManifest().files.map((file) => file.sha256);
    expect(digests).toContain(identity.detector);
    expect(digests).toContain(identity.recogniser);
    expect(identity.executionProvider).toBe('cpu');
  });

  it('returns a complete analysis from another process', async () => {
    const [reference, probe] = await Promise.all([
      pool.analyse(photo(0), { deadlineMs: DEADLINE_MS }),
      pool.analyse(photo(2), { deadlineMs: DEADLINE_MS }),
    ]);

    expect(reference.embedding).toBeInstanceOf(Float32Array);
    expect(reference.face.landmarks).toBeInstanceOf(Float32Array);
    expect(compareEmbeddings(reference.embedding, probe.embedding)).toBeGreaterThan(0.5);
  });

  it('returns the code of a refused photo from another process', async () => {
    const analysing = pool.analyse(await photoWithoutFace(), { deadlineMs: DEADLINE_MS });

    await expect(analysing).rejects.toMatchObject({ name: 'VerificationError', code: 'face_not_found' });
  });

  it('gives its processes only the configured environment', () => {
    const [pid] = listVisionPids();

    const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter(Boolean)
      .map((line) => line.split('=')[0]);

    expect(names.filter((name) => !name?.startsWith('NODE_CHANNEL'))).toEqual([
      'MALLOC_ARENA_MAX',
      'CANARY',
      'ORT_DISABLE_TELEMETRY',
    ]);
  });

  it('answers every photo of many at once', async () => {
    const many = Array.from({ length: 12 }, (_, index) => photo(index % photos.length));

    const analyses = await Promise.all(many.map((bytes) => pool.analyse(bytes, { deadlineMs: DEADLINE_MS })));

    expect(analyses.every((analysis) => analysis.facesFound === 1)).toBe(true);
  });

  it('never starts a photo that is abandoned in the queue', async () => {
    const controller = new AbortController();
    const first = pool.analyse(photo(0), { deadlineMs: DEADLINE_MS });

    const second = pool.analyse(photo(1), { deadlineMs: DEADLINE_MS, signal: controller.signal });
    controller.abort(new Error('the caller has gone'));

    await expect(second).rejects.toThrow('the caller has gone');
    expect(pool.stats().queued).toBe(0);
    await first;
  });

  it('answers for a photo that is abandoned during its analysis once its process is free', async () => {
    const controller = new AbortController();
    const running = pool.analyse(photo(0), { deadlineMs: DEADLINE_MS, signal: controller.signal });
    expect(pool.stats().busy).toBe(1);

    controller.abort(new Error('the caller has gone'));

    await expect(running).rejects.toThrow('the caller has gone');
    expect(pool.stats().busy).toBe(0);
  });

  it('retries a photo in a new process after its process was killed once', async () => {
    const before = pool.stats().restarts;
    const [pid = 0] = listVisionPids();
    const analysing = pool.analyse(photo(3), { deadlineMs: DEADLINE_MS });

    process.kill(pid, 'SIGKILL');

    expect((await analysing).facesFound).toBe(1);
    expect(pool.stats().restarts).toBe(before + 1);
    expect(listVisionPids()).not.toContain(pid);
  });

  it('replaces a process that dies while it is idle', async () => {
    const before = pool.stats().restarts;
    const [pid = 0] = listVisionPids();

    process.kill(pid, 'SIGSEGV');
    await until(() => pool.stats().restarts > before && pool.stats().alive === 1);

    expect((await pool.analyse(photo(3), { deadlineMs: DEADLINE_MS })).facesFound).toBe(1);
  });

  it('kills a process that hangs and refuses a photo that did it twice', async () => {
    const large = await sharp(await cropFace(SAME_PERSON[0]), {})
      .resize(6000, 6000, { fit: 'fill' })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const before = pool.stats();
    losses.length = 0;

    const first = pool.analyse(large, { deadlineMs: 50 });

    await expect(first).rejects.toMatchObject({ code: 'image_undecodable' });
    expect(losses).toEqual(['deadline 1', 'deadline 2']);
    expect(pool.stats().lost.deadline).toBe(before.lost.deadline + 2);
    const again = pool.analyse(large, { deadlineMs: DEADLINE_MS });
    await expect(again).rejects.toMatchObject({ code: 'image_undecodable' });
    expect(pool.stats().lost.deadline).toBe(before.lost.deadline + 2);
  });
});

describe.skipIf(process.platform !== 'linux')('a separate vision pool', () => {
  let pool: VisionPool | undefined;

  afterEach(async () => {
    await pool?.close();
    expect(listVisionPids()).toEqual([]);
  });

  it('refuses a photo that needs more memory than a process may have', async () => {
    pool = poolOf({ memoryLimitBytes: 60 * 2 ** 20 });
    const [photo = Buffer.alloc(0)] = await samePersonPhotos();

    const analysing = pool.analyse(photo, { deadlineMs: DEADLINE_MS });

    // The photo can be answered before the memory is checked, but the process must end in any case.
    await analysing.catch((error: unknown) => expect(error).toMatchObject({ code: 'image_undecodable' }));
    await until(() => (pool?.stats().restarts ?? 0) > 0);
  });

  it('finishes accepted photos before it closes', async () => {
    pool = poolOf();
    const [photo = Buffer.alloc(0)] = await samePersonPhotos();
    const analysing = pool.analyse(photo, { deadlineMs: DEADLINE_MS });

    await pool.close();

    expect((await analysing).facesFound).toBe(1);
    await expect(pool.analyse(photo, { deadlineMs: DEADLINE_MS })).rejects.toThrow('closed');
  });

  it('ends its processes when the worker is killed', async () => {
    const source = `
      import { createVisionPool } from ${JSON.stringify(new URL('../../src/worker/vision/process/vision-pool.ts', import.meta.url).href)};
      const pool = createVisionPool(${JSON.stringify({ settings: liteSettings(), manifest: liteManifest(), processes: 2, memoryLimitBytes: GIBIBYTE })});
      await pool.ready();
      console.log('ready');
    `;
    const worker = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(worker.stdout, 'data');
    const pids = listVisionPids(worker.pid);

    worker.kill('SIGKILL');

    expect(pids).toHaveLength(2);
    await until(() => pids.every(hasEnded));
  });

  it('refuses a process that loads other models after their files were replaced', async (context) => {
    const small = extraModelOrSkip('scrfd_500m.onnx', context);
    const medium = extraModelOrSkip('scrfd_2.5g.onnx', context);
    const packFolder = mkdtempSync(join(tmpdir(), 'replaced-pack-'));
    copyFileSync(join(LITE_FOLDER, 'fr_feature.onnx'), join(packFolder, 'recogniser.onnx'));
    copyFileSync(small, join(packFolder, 'detector.onnx'));
    pool = poolOf({ settings: liteSettings({ packFolder }), manifest: { recognisers: [] } });
    const [photo = Buffer.alloc(0)] = await samePersonPhotos();
    const { detector } = await pool.ready();
    const [pid = 0] = listVisionPids();

    copyFileSync(medium, join(packFolder, 'detector.onnx'));
    expect((await pool.analyse(photo, { deadlineMs: DEADLINE_MS })).facesFound).toBe(1);
    process.kill(pid, 'SIGKILL');
    await until(() => !listVisionPids().includes(pid));

    const refused = pool.analyse(photo, { deadlineMs: DEADLINE_MS });
    await expect(refused).rejects.toMatchObject({ code: 'model_failure' });
    copyFileSync(small, join(packFolder, 'detector.onnx'));
    await until(() => pool?.stats().alive === 1);
    expect((await pool.analyse(photo, { deadlineMs: DEADLINE_MS })).facesFound).toBe(1);
    expect((await pool.ready()).detector).toBe(detector);
    rmSync(packFolder, { recursive: true });
  });

  it('reports what is missing when a process cannot load its models', async () => {
    pool = poolOf({ settings: liteSettings({ packFolder: '/nonexistent' }) });
    const [photo = Buffer.alloc(0)] = await samePersonPhotos();
    const analysing = pool.analyse(photo, { deadlineMs: DEADLINE_MS });

    await expect(pool.ready()).rejects.toThrow(/fr_detect\.onnx.*npm run models -- fetch lite/s);
    await expect(analysing).rejects.toMatchObject({ code: 'model_failure' });
  });
});
