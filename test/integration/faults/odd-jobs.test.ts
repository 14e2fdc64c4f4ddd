import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { postJson } from '../../support/programs/api.js';
import {
  type Program,
  type Service,
  serviceEnvironment,
  startProgram,
  startService,
} from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type OpenQueues, openQueues } from '../../support/servers/open-queues.js';
import { startTcpProxy, type TcpProxy } from '../../support/servers/tcp-proxy.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/servers/webhook-receiver.js';

let images: ImageServer;
let photos: PhotoSet;
let receiver: WebhookReceiver;
let service: Service;
let queues: OpenQueues;
const extra: Program[] = [];
const proxies: TcpProxy[] = [];

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  receiver = await startWebhookReceiver();
  service = await startService();
  queues = openQueues(service.redis.url);
});

afterAll(async () => {
  await queues?.close();
  await Promise.all(extra.map((program) => program.stop()));
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await service?.stop();
  await receiver?.stop();
  await images?.stop();
});

/** The payload of a job as the API wrote it, to be changed and queued again. */
async function writtenPayload(): Promise<Record<string, unknown>> {
  const accepted = await service.post('/jobs', { user_id: 'u-1', ...photos.same });
  const job = await queues.queue.getJob(String(accepted.body.job_id));
  return { ...job?.data, images: { ...photos.same } };
}

describe('an unusual job', () => {
  it('Q27: of an unknown version ends with a clear code and harms no other job', async () => {
    await queues.queue.add('compare', { ...(await writtenPayload()), v: 99 }, { jobId: 'r_from-the-future' });

    const [worker] = service.workers;
    expect(await worker?.line((line) => line.job_id === 'r_from-the-future')).toMatchObject({
      code: 'unsupported_job_version',
    });
    expect((await service.post('/compare-faces', { user_id: 'u-1', ...photos.same })).body).toMatchObject({
      matched: true,
    });
  });

  it('past its deadline does not run: no photo of it is fetched', async () => {
    const late = images.serve('/too-late.jpg', () => undefined);
    const payload = await writtenPayload();
    await queues.queue.add(
      'compare',
      { ...payload, images: { ...photos.same, back_image: late }, deadline_at: Date.now() - 1_000 },
      { jobId: 'r_too-late' },
    );

    await vi.waitFor(
      async () =>
        expect((await service.get('/jobs/r_too-late')).body).toMatchObject({
          status: 'failed',
          error: { code: 'deadline_exceeded' },
        }),
      60_000,
    );
    expect(images.requests).not.toContain('/too-late.jpg');
  });

  it('Q21: of an API whose clock is an hour behind runs all the same', async () => {
    const shift = encodeURIComponent('const now = Date.now; Date.now = () => now() - 3600000;');
    // On a long line, so that the first request comes before Redis has told the time.
    const proxy = await startTcpProxy(service.redis.port);
    proxies.push(proxy);
    proxy.delay(50);
    const api = startProgram(
      'api',
      serviceEnvironment(`redis://127.0.0.1:${proxy.port}`, {
        NODE_OPTIONS: `--import=data:text/javascript,${shift}`,
        SYNC_WAIT_TIMEOUT: '20',
      }),
    );
    extra.push(api);
    const { port } = await api.line((line) => line.msg === 'listening');
    await api.line((line) => line.msg === 'Redis is ready');

    const answer = await postJson(`http://127.0.0.1:${port}/compare-faces`, {
      user_id: 'u-1',
      ...photos.same,
    });

    expect(await answer.json()).toEqual({ user_id: 'u-1', matched: true });
  });
});

describe('a worker frozen for longer than its lock', () => {
  it('Q7: loses the job to another; the first result stays, and one webhook reports it', async () => {
    let asked = 0;
    const stuck = images.serve('/stuck-at-freeze.jpg', (_request, response) => {
      asked += 1;
      if (asked > 1) response.writeHead(302, { location: photos.same.front_image1 }).end();
      else setTimeout(() => response.writeHead(302, { location: photos.other }).end(), 11_000);
    });
    const callback_url = `${receiver.origin}/frozen`;
    const accepted = await service.post('/jobs', {
      user_id: 'u-1',
      ...photos.same,
      front_image1: stuck,
      min_matches: 3,
      callback_url,
    });
    await vi.waitFor(() => expect(asked).toBe(1), 60_000);
    const heir = startProgram('worker', serviceEnvironment(service.redis.url));
    extra.push(heir);
    const [frozen] = service.workers;

    frozen?.process.kill('SIGSTOP');
    const view = await service.get(String(accepted.body.status_url), { prefer: 'wait=30' });
    frozen?.process.kill('SIGCONT');
    await heir.line((line) => line.job_id === accepted.body.job_id && line.msg === 'comparison');

    // The frozen worker wakes up with photos of somebody else and comes too late with them.
    await vi.waitFor(
      () =>
        expect(frozen?.lines.filter((line) => line.job_id === accepted.body.job_id).length).toBeGreaterThan(
          0,
        ),
      60_000,
    );
    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true } });
    expect((await service.get(String(accepted.body.status_url))).body).toMatchObject({
      result: { matched: true },
    });
    expect(await receiver.waitFor('/frozen', 1)).toHaveLength(1);
  }, 90_000);
});
