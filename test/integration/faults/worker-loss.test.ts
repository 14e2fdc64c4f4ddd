import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../src/cli/start/ports.js';
import { MAX_STALLED_COUNT } from '../../../src/shared/queue/queue-settings.js';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { dataUrlOf, UPLOAD_KEY, uploadPhotos } from '../../support/photos/upload-photos.js';
import {
  type Program,
  type Service,
  startService,
  startWorker,
  WEBHOOK_SECRET,
} from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import {
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../../support/servers/webhook-receiver.js';

let images: ImageServer;
let photos: PhotoSet;
let service: Service;
let receiver: WebhookReceiver;
let redis: Redis;
/** The photos of one person as data: URLs. */
let uploads: Readonly<Record<string, string>>;

beforeAll(async () => {
  images = await startImageServer();
  receiver = await startWebhookReceiver();
  photos = await servePhotos(images);
  uploads = Object.fromEntries(
    Object.entries(await uploadPhotos()).map(([name, photo]) => [name, dataUrlOf(photo)]),
  );
  service = await startService({
    workers: 1,
    env: { SHUTDOWN_TIMEOUT: '4', WORKER_CONCURRENCY: '2', UPLOAD_KEYS: UPLOAD_KEY },
  });
  redis = new Redis(service.redis.url);
});

afterAll(async () => {
  // Lost or not, no job leaves a photo behind.
  if (redis) await vi.waitFor(async () => expect(await redis.keys('*:photo:*')).toEqual([]), 60_000);
  await Promise.all(extra.map((program) => program.stop()));
  redis?.disconnect();
  await service?.stop();
  await receiver?.stop();
  await images?.stop();
});

const extra: Program[] = [];

async function startHeir(env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const worker = await startWorker(service.redis.url, {
    SHUTDOWN_TIMEOUT: '4',
    UPLOAD_KEYS: UPLOAD_KEY,
    ...env,
  });
  extra.push(worker);
  return worker;
}

/** Submits a job whose first run hangs at a photo, and waits until it does. */
async function submitStuck(name: string): Promise<string> {
  const accepted = await service.post('/jobs', {
    user_id: 'u-1',
    ...uploads,
    back_image: serveStuckOnce(`/${name}.jpg`),
    callback_url: `${receiver.origin}/${name}`,
  });
  await asked(`/${name}.jpg`);
  return String(accepted.body.job_id);
}

async function expectToldOnce(path: string, body: object): Promise<void> {
  const told = await receiver.waitFor(path, 1);
  expect(told.map((webhook) => verifyReceived(webhook, WEBHOOK_SECRET))).toMatchObject([body]);
}

/** A photo whose first request hangs until its caller goes; every later one is answered. */
function serveStuckOnce(path: string): string {
  let asked = 0;
  return images.serve(path, (_request, response) => {
    asked += 1;
    if (asked > 1) response.writeHead(302, { location: photos.same.back_image }).end();
  });
}

const asked = (path: string) => vi.waitFor(() => expect(images.requests).toContain(path), 60_000);

describe('the loss of a worker', () => {
  it('Q1: costs its job less than 15 s, ends a job that lost five workers before, and one webhook reports each', async () => {
    const [victim] = service.workers;
    const ordinary = await submitStuck('killed');
    const poison = await submitStuck('poison');
    // The state after five earlier losses; each real one would take ten seconds.
    await redis.hset(`{face}:compare-lite:${poison}`, 'stc', MAX_STALLED_COUNT);
    const metricsPort = await freePort();
    const heir = await startHeir({ WORKER_PORT: String(metricsPort) });

    victim?.process.kill('SIGKILL');
    const killedAt = performance.now();
    const view = await service.get(`/jobs/${ordinary}`, { prefer: 'wait=30' });
    const ms = performance.now() - killedAt;
    const given = await service.get(`/jobs/${poison}`, { prefer: 'wait=10' });

    expect(view.body).toMatchObject({ status: 'completed', attempts: 2, result: { matched: true } });
    expect(ms).toBeLessThan(15_000);
    expect(given.body).toMatchObject({ status: 'failed', error: { code: 'internal', retryable: true } });
    await expectToldOnce('/killed', { type: 'comparison.completed', data: { result: { matched: true } } });
    await expectToldOnce('/poison', { type: 'comparison.failed', data: { error: { code: 'internal' } } });
    expect(await heir.line((line) => line.msg === 'job given up')).toMatchObject({ job_id: poison });
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(metrics).toMatch(/face_jobs_abandoned_total\{[^}]*\} 1/);
    expect((await service.post('/compare-faces', { user_id: 'u-1', ...photos.same })).body).toMatchObject({
      matched: true,
    });
  }, 60_000);

  it('costs a batch nothing: every job ends, and one webhook reports the whole', async () => {
    const victim = extra.at(-1);
    const stuck = (name: string) => ({
      user_id: 'u-1',
      ...photos.same,
      back_image: serveStuckOnce(`/${name}.jpg`),
    });
    const lines = [stuck('batch-1'), { user_id: 'u-1', ...photos.same }, stuck('batch-2')];
    const accepted = await service.post('/batches', lines, { 'callback-url': `${receiver.origin}/batch` });
    await asked('/batch-1.jpg');
    await asked('/batch-2.jpg');

    victim?.process.kill('SIGKILL');
    await startHeir();
    const read = () => service.get(String(accepted.body.status_url), { prefer: 'wait=30' });
    await vi.waitFor(async () => expect((await read()).body.status).toBe('completed'), 60_000);

    const { body } = await read();
    expect(body).toMatchObject({ total: 3, counts: { completed: 3 } });
    await expectToldOnce('/batch', { type: 'batch.completed', data: { total: 3, counts: body.counts } });
  });

  /** Submits a job of one person's photos and plants an end, not matched, that a run of `accepted_at` would have told. */
  async function submitWithEnding(name: string, acceptedAt: (own: number) => number): Promise<string> {
    const slow = images.serve(`/${name}.jpg`, (_request, response) => {
      setTimeout(() => response.writeHead(302, { location: photos.same.back_image }).end(), 500);
    });
    const callback_url = `${receiver.origin}/${name}`;
    const body = { user_id: 'u-1', ...photos.same, back_image: slow, callback_url };
    const jobId = String((await service.post('/jobs', body)).body.job_id);
    const own = Number(await redis.hget(`{face}:compare-lite:${jobId}`, 'timestamp'));
    const ending = { accepted_at: acceptedAt(own), outcome: { ok: true, matched: false } };
    await redis.set(`{face}:ending:${jobId}`, JSON.stringify(ending), 'NX');
    return jobId;
  }

  it('between recording an outcome and ending the job does not let a second run report another', async () => {
    // What a run that saw other photos behind the same URLs had told before its worker died.
    const jobId = await submitWithEnding('told', (own) => own);

    const view = await service.get(`/jobs/${jobId}`, { prefer: 'wait=20' });

    expect(view.body).toMatchObject({ status: 'completed', result: { matched: false } });
    await expectToldOnce('/told', { type: 'comparison.completed', data: { result: { matched: false } } });
  });

  it('leaves nothing that a later job of the same id would take for its own result', async () => {
    // A job under an Idempotency-Key that reported its end, lost its worker and was cancelled; the key was then used again.
    const jobId = await submitWithEnding('reused', (own) => own - 60_000);

    const view = await service.get(`/jobs/${jobId}`, { prefer: 'wait=20' });

    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true } });
    await expectToldOnce('/reused', { type: 'comparison.completed', data: { result: { matched: true } } });
  });

  it('Q8: a stopped worker finishes what it can, returns the rest to the queue, and exits with 0', async () => {
    const stuck = serveStuckOnce('/stuck-at-stop.jpg');
    const leaving = extra.at(-1);
    const accepted = await service.post('/jobs', { user_id: 'u-1', ...photos.same, back_image: stuck });
    await asked('/stuck-at-stop.jpg');
    const heir = await startHeir();

    const code = await leaving?.stop();
    const view = await service.get(String(accepted.body.status_url), { prefer: 'wait=10' });

    expect(code).toBe(0);
    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true } });
    expect(heir.lines.some((line) => line.msg === 'job lost its worker and is queued again')).toBe(false);
  });

  it('makes the API not ready once no worker is alive, though it still accepts jobs', async () => {
    await Promise.all(extra.map((program) => program.stop()));
    await vi.waitFor(async () => expect((await service.get('/health/ready')).status).toBe(503), 60_000);

    const accepted = await service.post('/jobs', { user_id: 'u-1', ...photos.same });

    expect(accepted.status).toBe(202);
    await startHeir();
    expect((await service.get(String(accepted.body.status_url), { prefer: 'wait=20' })).body).toMatchObject({
      status: 'completed',
    });
  });
});
