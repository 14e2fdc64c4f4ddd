import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ImageServer, startImageServer } from '../../support/image-server.js';
import { type PhotoSet, servePhotos } from '../../support/photo-set.js';
import {
  type Program,
  type Service,
  serviceEnvironment,
  startProgram,
  startService,
} from '../../support/service.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';

let images: ImageServer;
let photos: PhotoSet;
let service: Service;
let receiver: WebhookReceiver;

beforeAll(async () => {
  images = await startImageServer();
  receiver = await startWebhookReceiver();
  photos = await servePhotos(images);
  service = await startService({ workers: 1, env: { SHUTDOWN_TIMEOUT: '4' } });
});

afterAll(async () => {
  await Promise.all(extra.map((program) => program.stop()));
  await service?.stop();
  await receiver?.stop();
  await images?.stop();
});

const extra: Program[] = [];

async function startWorker(): Promise<Program> {
  const env = serviceEnvironment(service.redis.url, { SHUTDOWN_TIMEOUT: '4' });
  const worker = startProgram('src/worker/main.ts', env);
  extra.push(worker);
  await worker.line((line) => line.msg === 'ready');
  return worker;
}

/** A photo whose first request hangs until its caller goes; every later one is answered. */
function serveStuckOnce(path: string): string {
  let asked = 0;
  return images.serve(path, (_request, response) => {
    asked += 1;
    if (asked > 1) response.writeHead(302, { location: photos.same.front_image1 }).end();
  });
}

const asked = (path: string) => vi.waitFor(() => expect(images.requests).toContain(path), 10_000);

describe('the loss of a worker', () => {
  it('Q1: a worker killed in the middle of a job costs it less than 15 s, and one webhook tells the one result', async () => {
    const stuck = serveStuckOnce('/stuck-at-kill.jpg');
    const callback_url = `${receiver.origin}/killed`;
    const accepted = await service.post('/jobs', {
      user_id: 'u-1',
      ...photos.same,
      front_image1: stuck,
      callback_url,
    });
    await asked('/stuck-at-kill.jpg');
    const [victim] = service.workers;
    const heir = await startWorker();

    victim?.process.kill('SIGKILL');
    const killedAt = performance.now();
    const view = await service.get(String(accepted.body.status_url), { prefer: 'wait=30' });

    expect(view.body).toMatchObject({ status: 'completed', attempts: 2, result: { matched: true } });
    expect(performance.now() - killedAt).toBeLessThan(15_000);
    expect(await receiver.waitFor('/killed', 1)).toHaveLength(1);
    expect(heir.lines.some((line) => line.msg === 'job lost its worker and is queued again')).toBe(true);
  });

  it('Q8: a worker told to stop finishes what it can, hands the rest back, and exits with 0', async () => {
    const stuck = serveStuckOnce('/stuck-at-stop.jpg');
    const leaving = extra.at(-1);
    const accepted = await service.post('/jobs', { user_id: 'u-1', ...photos.same, front_image1: stuck });
    await asked('/stuck-at-stop.jpg');
    const heir = await startWorker();

    const code = await leaving?.stop();
    const view = await service.get(String(accepted.body.status_url), { prefer: 'wait=10' });

    expect(code).toBe(0);
    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true } });
    expect(heir.lines.some((line) => line.msg === 'job lost its worker and is queued again')).toBe(false);
  });

  it('says that it is not ready once no worker lives, and takes jobs nevertheless', async () => {
    await Promise.all(extra.map((program) => program.stop()));
    await vi.waitFor(async () => expect((await service.get('/health/ready')).status).toBe(503), 20_000);

    const accepted = await service.post('/jobs', { user_id: 'u-1', ...photos.same });

    expect(accepted.status).toBe(202);
    await startWorker();
    expect((await service.get(String(accepted.body.status_url), { prefer: 'wait=20' })).body).toMatchObject({
      status: 'completed',
    });
  });
});
