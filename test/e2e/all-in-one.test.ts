import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../src/cli/start/ports.js';
import { servePhotos } from '../support/photos/photo-set.js';
import { postJson } from '../support/programs/api.js';
import { listFamily, stillRunning } from '../support/programs/process-table.js';
import { startImageServer } from '../support/servers/image-server.js';
import { redisBinary } from '../support/servers/redis-server.js';

const PATIENCE = { timeout: 120_000, interval: 100 };

describe('the supervisor of the all-in-one image', { timeout: 300_000 }, () => {
  let child: ChildProcess | undefined;
  let folder: string;

  afterEach(() => {
    for (const { pid } of listFamily(child?.pid ?? -1)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts it on free ports; returns the URL of its API and what it prints on standard error. */
  async function start(changes: Readonly<Record<string, string>> = {}) {
    folder = mkdtempSync(join(tmpdir(), 'face-all-in-one-'));
    const port = await freePort();
    const { REDIS_URL: _redis, ...own } = process.env;
    const settings = { PORT: String(port), METRICS_PORT: '0', WORKER_PORT: '0', INSIGHTFACE_MODEL: 'lite' };
    const local = { HOST: '127.0.0.1', WORKER_HOST: '127.0.0.1', ALLOWED_PRIVATE_HOSTS: '127.0.0.1' };
    const supervisor = spawn(
      process.execPath,
      ['deploy/all-in-one.mjs', join(folder, 'redis'), redisBinary()],
      {
        env: { ...own, ...settings, ...local, VISION_PROCESSES: '1', ...changes },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    child = supervisor;
    let errors = '';
    supervisor.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    return { supervisor, origin: `http://127.0.0.1:${port}`, errors: () => errors };
  }

  it('answers, starts again what was killed, keeps its jobs, and ends everything on SIGTERM', async () => {
    const images = await startImageServer();
    const photos = await servePhotos(images);
    const { supervisor, origin, errors } = await start();
    const becomesReady = async () => expect((await fetch(`${origin}/health/ready`)).status).toBe(200);
    await vi.waitFor(becomesReady, PATIENCE);
    const request = { user_id: 'u-1', ...photos.same };
    const compare = async () => (await postJson(`${origin}/compare-faces`, request)).json();
    expect(await compare()).toEqual({ user_id: 'u-1', matched: true });
    const accepted = await (await postJson(`${origin}/jobs`, request)).json();
    const { status_url: statusUrl } = accepted as { readonly status_url: string };

    const redis = listFamily(supervisor.pid ?? 0).find(({ command }) => command.startsWith(redisBinary()));
    process.kill(redis?.pid ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(errors()).toContain(`${redisBinary()} ended (SIGKILL)`), PATIENCE);
    await vi.waitFor(
      async () => expect(await compare()).toEqual({ user_id: 'u-1', matched: true }),
      PATIENCE,
    );
    const isDone = async () =>
      expect(await (await fetch(`${origin}${statusUrl}`)).json()).toMatchObject({ status: 'completed' });
    await vi.waitFor(isDone, PATIENCE);

    const family = listFamily(supervisor.pid ?? 0);
    const ended = once(supervisor, 'exit');
    supervisor.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    await vi.waitFor(() => expect(stillRunning(family)).toEqual([]), PATIENCE);
    await images.stop();
  });

  it('ends with 1 and a message that lists wrong settings', async () => {
    const { supervisor, errors } = await start({ MAX_QUEUE_DEPTH: 'many' });

    const [code] = await once(supervisor, 'close');

    expect(code).toBe(1);
    expect(errors()).toContain('MAX_QUEUE_DEPTH');
  });
});
