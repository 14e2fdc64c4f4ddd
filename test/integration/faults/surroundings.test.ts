import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../src/cli/start/ports.js';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { postJson } from '../../support/programs/api.js';
import { listVisionPids } from '../../support/programs/process-table.js';
import {
  mainFileOf,
  type Program,
  type ProgramName,
  serviceEnvironment,
  startReplica,
  startWorker,
} from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/servers/webhook-receiver.js';

let images: ImageServer;
let photos: PhotoSet;
let receiver: WebhookReceiver;
const redises: RedisServer[] = [];
const programs: Program[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  receiver = await startWebhookReceiver();
});

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.stop()));
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await Promise.all(redises.splice(0).map((redis) => redis.stop()));
});

afterAll(async () => {
  await receiver?.stop();
  await images?.stop();
});

async function openRedis(...options: string[]): Promise<RedisServer> {
  const redis = await startRedis(options);
  redises.push(redis);
  return redis;
}

const request = () => ({ user_id: 'u-1', ...photos.same });

/** Runs one of our programs with a standard output on which every write fails with ENOSPC. */
function startWithFullDisk(name: ProgramName, env: Readonly<Record<string, string>>): void {
  const full = openSync('/dev/full', 'w');
  children.push(spawn(process.execPath, [mainFileOf(name)], { env, stdio: ['ignore', full, 'ignore'] }));
  closeSync(full);
}

/** A temporary folder that contains the embedded pack. */
function copyModels(): string {
  const models = mkdtempSync(join(tmpdir(), 'face-models-'));
  cpSync('models/lite.json', join(models, 'lite.json'));
  cpSync('models/lite', join(models, 'lite'), { recursive: true });
  return models;
}

describe('Q24: a full disk', () => {
  it('loses log lines and nothing else', async () => {
    const redis = await openRedis();
    const port = await freePort();
    const env = serviceEnvironment(redis.url, { PORT: String(port), TMPDIR: '/nowhere' });

    startWithFullDisk('api', env);
    startWithFullDisk('worker', env);

    const isReady = async () =>
      expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
    await vi.waitFor(isReady, { timeout: 60_000, interval: 100 });
    for (let round = 0; round < 3; round += 1) {
      const answer = await postJson(`http://127.0.0.1:${port}/compare-faces`, request());
      expect(await answer.json()).toEqual({ user_id: 'u-1', matched: true });
    }
    expect(children.map((child) => child.exitCode)).toEqual([null, null]);
  });
});

describe('Q23: model files that are replaced while a worker runs', () => {
  it('change no answer; a worker that loses its vision processes exits, and its job runs elsewhere', async () => {
    const models = copyModels();
    const recogniser = join(models, 'lite', 'fr_feature.derived.onnx');
    const redis = await openRedis();
    const api = await startReplica(redis.url);
    const worker = await startWorker(redis.url, { MODELS_DIR: models });
    programs.push(api.program, worker);
    const ask = async () => (await postJson(`${api.origin}/compare-faces`, request())).json();

    rmSync(recogniser);
    writeFileSync(recogniser, readFileSync(join(models, 'lite', 'fr_landmark.onnx')));
    expect(await ask()).toEqual({ user_id: 'u-1', matched: true });
    const ended = once(worker.process, 'exit');
    for (const pid of listVisionPids(worker.process.pid)) process.kill(pid, 'SIGKILL');
    const accepted = await postJson(`${api.origin}/jobs`, request());
    expect(await ended).toEqual([1, null]);
    expect(worker.errors.join()).toContain('fr_feature.derived.onnx');

    programs.push(await startWorker(redis.url));
    const { status_url } = (await accepted.json()) as { status_url: string };
    const view = await fetch(`${api.origin}${status_url}`, { headers: { prefer: 'wait=20' } });
    expect(await view.json()).toMatchObject({ status: 'completed', result: { matched: true } });
    rmSync(models, { recursive: true });
  });
});

describe('Q21: a worker whose clock is two hours ahead', () => {
  it('runs jobs that waited before it started, and signs webhooks with the correct time', async () => {
    const redis = await openRedis();
    const api = await startReplica(redis.url);
    programs.push(api.program);
    const callback_url = `${receiver.origin}/skewed`;
    const accepted = await postJson(`${api.origin}/jobs`, { ...request(), callback_url });
    const { status_url } = (await accepted.json()) as { status_url: string };
    const ahead = encodeURIComponent('const now = Date.now; Date.now = () => now() + 7200000;');

    programs.push(await startWorker(redis.url, { NODE_OPTIONS: `--import=data:text/javascript,${ahead}` }));

    const view = await fetch(`${api.origin}${status_url}`, { headers: { prefer: 'wait=20' } });
    expect(await view.json()).toMatchObject({ status: 'completed', result: { matched: true } });
    const [webhook] = await receiver.waitFor('/skewed', 1);
    expect(Math.abs((webhook?.timestamp ?? 0) * 1_000 - Date.now())).toBeLessThan(60_000);
  });
});

describe('a Redis that may lose jobs', () => {
  it('causes a warning when the worker starts', async () => {
    const redis = await openRedis('--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no');

    const worker = await startWorker(redis.url);
    programs.push(worker);

    expect(await worker.line((line) => line.policy === 'allkeys-lru')).toMatchObject({ level: 'warn' });
    expect(await worker.line((line) => String(line.msg).includes('append-only'))).toMatchObject({
      level: 'warn',
    });
  });

  it('causes no warning when it is set up correctly', async () => {
    const redis = await openRedis();

    const worker = await startWorker(redis.url);
    programs.push(worker);

    expect(worker.lines.filter((line) => line.level === 'warn')).toEqual([]);
  });
});
