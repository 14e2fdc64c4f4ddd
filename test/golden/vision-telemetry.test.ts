import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createVisionPool } from '../../src/worker/vision/process/vision-pool.js';
import { samePersonPhotos } from '../support/photos/photos.js';
import { liteManifest, liteSettings } from '../support/photos/vision-settings.js';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'face-home-'));
});

afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

// With its telemetry on, ONNX Runtime makes a device id and a database of events to upload here as it loads a model.
it('a vision process writes nothing to its home, even with telemetry requested', async () => {
  const pool = createVisionPool({
    settings: liteSettings(),
    manifest: liteManifest(),
    processes: 1,
    memoryLimitBytes: 2 ** 30,
    environment: { HOME: home, XDG_CACHE_HOME: home, ORT_DISABLE_TELEMETRY: '' },
  });
  const [photo = Buffer.alloc(0)] = await samePersonPhotos();

  await pool.analyse(photo, { deadlineMs: 20_000 });
  await pool.close();

  expect(readdirSync(home)).toEqual([]);
});
