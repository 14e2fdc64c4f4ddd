import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LOCK_DURATION_MS } from '../../../src/shared/queue/queue-settings.js';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import {
  type Program,
  type Service,
  startService,
  startWorker,
  WEBHOOK_SECRET,
} from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { startTcpProxy, type TcpProxy } from '../../support/servers/tcp-proxy.js';
import {
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../../support/servers/webhook-receiver.js';

/** Time for which one worker is blocked and another is cut off, ms. */
const BLOCKED_MS = 3 * LOCK_DURATION_MS;
const CUT_OFF_MS = 2 * LOCK_DURATION_MS;
/** Stops the whole event loop on a signal, as a bug or a starved machine would. */
const BLOCK_ON_SIGNAL = `process.on('SIGUSR2', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${BLOCKED_MS}));`;

let images: ImageServer;
let photos: PhotoSet;
let receiver: WebhookReceiver;
let service: Service;
let proxy: TcpProxy;
const workers: Program[] = [];

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  receiver = await startWebhookReceiver();
  service = await startService({ workers: 0 });
  proxy = await startTcpProxy(service.redis.port);
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await service?.stop();
  await proxy?.stop();
  await receiver?.stop();
  await images?.stop();
});

async function addWorker(env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const worker = await startWorker(service.redis.url, {
    WORKER_CONCURRENCY: '1',
    WORKER_SLOW_JOBS: '0',
    IMAGE_DOWNLOAD_TIMEOUT: '60',
    ...env,
  });
  workers.push(worker);
  return worker;
}

/** A job whose first run hangs at a photo, until that run is given the photo of somebody else. */
interface HangingJob {
  readonly id: string;
  readonly path: string;
  readonly misleadFirstRun: () => void;
}

async function submitHanging(name: string): Promise<HangingJob> {
  const held: ServerResponse[] = [];
  const photo = images.serve(`/${name}.jpg`, (_request, response) => {
    held.push(response);
    if (held.length > 1) response.writeHead(302, { location: photos.same.front_image1 }).end();
  });
  const accepted = await service.post('/jobs', {
    user_id: 'u-1',
    ...photos.same,
    front_image1: photo,
    min_matches: 3,
    callback_url: `${receiver.origin}/${name}`,
  });
  await vi.waitFor(() => expect(held).toHaveLength(1), 60_000);
  return {
    id: String(accepted.body.job_id),
    path: `/${name}`,
    misleadFirstRun: () => held[0]?.writeHead(302, { location: photos.other }).end(),
  };
}

async function expectMatched(job: HangingJob): Promise<void> {
  const view = await service.get(`/jobs/${job.id}`, { prefer: 'wait=30' });
  expect(view.body).toMatchObject({ status: 'completed', attempts: 2, result: { matched: true } });
}

describe('a worker that comes back after another has taken its job', () => {
  it('changes neither the decision nor the one webhook (Q6: blocked; Q14: cut off from Redis)', async () => {
    const blocked = await addWorker({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(BLOCK_ON_SIGNAL)}`,
    });
    const jobOfBlocked = await submitHanging('blocked');
    const cutOff = await addWorker({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
    const jobOfCutOff = await submitHanging('cut-off');
    await addWorker();
    const lost = [
      { worker: blocked, job: jobOfBlocked },
      { worker: cutOff, job: jobOfCutOff },
    ];

    blocked.process.kill('SIGUSR2');
    proxy.partition();
    const healable = delay(CUT_OFF_MS);
    for (const { job } of lost) await expectMatched(job);
    await healable;
    for (const { job } of lost) job.misleadFirstRun();
    proxy.heal();

    for (const { worker, job } of lost) {
      const came = ({ job_id, msg }: Record<string, unknown>): boolean =>
        job_id === job.id && (msg === 'comparison' || String(msg).startsWith('lost the lock'));
      await worker.line(came);
      await expectMatched(job);
      const told = await receiver.waitFor(job.path, 1);
      expect(told.map((webhook) => verifyReceived(webhook, WEBHOOK_SECRET))).toMatchObject([
        { type: 'comparison.completed', data: { result: { matched: true } } },
      ]);
    }
  }, 90_000);
});
