import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appRoutes } from '@bull-board/api/dist/routes.js';
import { Redis } from 'ioredis';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_URL_LENGTH } from '../../src/shared/contract/compare-request.js';
import { createReceiptKeys } from '../../src/shared/receipts/receipt-keys.js';
import { WEBHOOK_QUEUE } from '../../src/shared/webhooks/webhook-job.js';
import { LONGEST_DELIVERY_SECONDS } from '../../src/shared/webhooks/webhook-schedule.js';
import { FORM_TYPE, multipart, photoPart, textPart } from '../support/builders/multipart.js';
import { samePersonPhotos } from '../support/photos/photos.js';
import { dataUrlOf, UPLOAD_KEY } from '../support/photos/upload-photos.js';
import { documentedMetrics, exportedMetrics } from '../support/programs/documented-metrics.js';
import { metricsUrlOf, type Service, startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/servers/webhook-receiver.js';

/** Planted where secrets live; each must be found nowhere it does not belong. */
const SECRET = {
  urlToken: 'X-Signature-7f3c91d0b2',
  path: 'private-album-5521',
  userId: 'jane.roe.1969',
  apiKey: 'tenant-key-0a1b2c3d4e5f',
  exif: 'CAMERA-OWNER-88f1',
  callbackToken: 'hook-token-4411',
  hostHeader: 'store-key-6b20c7',
} as const;

const ADMIN_KEY = 'operator-key-9f8e7d6c';
const BOARD_STATES = ['latest', 'active', 'waiting', 'prioritized', 'delayed', 'completed', 'failed'];

let service: Service;
let images: ImageServer;
let receiver: WebhookReceiver;
let redis: Redis;
let folder: string;
let photos: Record<string, string>;
/** Their bytes. */
const files: Record<string, Buffer> = {};
/** Bytes from the middle of a photo, where they are compressed pixels. */
let pixels: Buffer;
const receiptKeys = createReceiptKeys();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'face-privacy-'));
  images = await startImageServer();
  receiver = await startWebhookReceiver();
  photos = await servePlantedPhotos();
  service = await startService({
    env: {
      API_KEYS: `tenant:${SECRET.apiKey}`,
      ADMIN_API_KEYS: `ops:${ADMIN_KEY}`,
      RECEIPT_KEYS: receiptKeys,
      UPLOAD_KEYS: UPLOAD_KEY,
      LOG_LEVEL: 'trace',
      TMPDIR: folder,
      IMAGE_HOST_HEADERS: JSON.stringify({
        [new URL(images.origin).host]: { 'X-Store-Key': SECRET.hostHeader },
      }),
    },
  });
  redis = new Redis(service.redis.url);
  // Else a secret could hide in what Redis has compressed.
  await redis.config('SET', 'rdbcompression', 'no');
});

afterAll(async () => {
  redis?.disconnect();
  await service?.stop();
  await receiver?.stop();
  await images?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function servePlantedPhotos(): Promise<Record<string, string>> {
  const names = ['back_image', 'front_image1', 'front_image2', 'front_image3'];
  const jpegs = await samePersonPhotos();
  const served = names.map(async (name, index) => {
    const exif = { IFD0: { Copyright: SECRET.exif } };
    const photo = await sharp(jpegs[index]).withExif(exif).jpeg().toBuffer();
    pixels = photo.subarray(photo.length / 2, photo.length / 2 + 24);
    files[name] = photo;
    const url = images.serve(`/${SECRET.path}/${index}.jpg`, (request, response) =>
      request.headers['x-store-key'] === SECRET.hostHeader
        ? response.end(photo)
        : response.writeHead(403).end(),
    );
    return [name, `${url}?token=${SECRET.urlToken}&session=`.padEnd(MAX_URL_LENGTH, 's')] as const;
  });
  return Object.fromEntries(await Promise.all(served));
}

/** The same photos as data: URLs. */
const uploads = (): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, file]) => [name, dataUrlOf(file)]));

const auth = { authorization: `Bearer ${SECRET.apiKey}` };

async function runJobs(): Promise<string[]> {
  const body = { user_id: SECRET.userId, ...photos, evidence: true, receipt: true };
  const broken = { ...body, back_image: `${images.origin}/${SECRET.path}/gone.jpg?token=${SECRET.urlToken}` };
  const callback = { callback_url: `${receiver.origin}/done?token=${SECRET.callbackToken}` };
  const accepted = [
    await service.post('/jobs', { ...body, ...callback }, auth),
    await service.post('/jobs', { ...broken, ...callback }, auth),
  ];
  expect((await service.post('/compare-faces', body, auth)).body).toMatchObject({ matched: true });
  await service.post('/compare-faces', { ...broken, threshold: 'x' }, auth);
  await service.post(
    '/compare-faces',
    { ...body, back_image: `http://10.0.0.1/${SECRET.path}?token=${SECRET.urlToken}` },
    auth,
  );
  await service.post('/compare-faces', broken, auth);
  await service.post('/compare-faces', { ...body, ...uploads() }, auth);
  await service.post(
    '/compare-faces',
    { ...body, ...uploads(), front_image1: `${uploads().front_image1}%` },
    auth,
  );
  await service.call('/jobs', {
    method: 'POST',
    headers: { ...auth, 'content-type': FORM_TYPE },
    body: new Uint8Array(
      multipart([
        textPart('user_id', SECRET.userId),
        textPart('callback_url', callback.callback_url),
        ...Object.entries(files).map(([name, file]) => photoPart(name, file)),
      ]),
    ),
  });
  await receiver.waitFor('/done', 3);
  return accepted.map((answer) => String(answer.body.job_id));
}

async function waitForDelivery(jobId: string): Promise<void> {
  const view = async () => (await service.get(`/jobs/${jobId}`, auth)).body;
  await vi.waitFor(
    async () => expect(await view()).toMatchObject({ callback: { status: 'delivered' } }),
    60_000,
  );
}

/** Everything Redis holds, as it serialises it. */
async function dumpRedis(): Promise<string> {
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  const streams = keys.filter((key) => key.endsWith(':events'));
  const events = await Promise.all(streams.map((key) => redis.xrange(key, '-', '+')));
  const hashes = keys.filter((key) => /:(r|i|wh)_/.test(key) && !/:(evidence|cancelled|outcome):/.test(key));
  const jobs = await Promise.all(hashes.map((key) => redis.hgetall(key).catch(() => ({}))));
  return JSON.stringify([keys, values.map((value) => value?.toString('latin1')), events, jobs]);
}

function expectNowhere(text: string, secrets: readonly (keyof typeof SECRET)[]): void {
  for (const name of secrets) expect(text.includes(SECRET[name]), name).toBe(false);
  expect(text.includes(pixels.toString('latin1')), 'pixels').toBe(false);
  // The same bytes in base64, whatever stands before them.
  for (const skipped of [0, 1, 2])
    expect(text.includes(pixels.subarray(skipped, skipped + 21).toString('base64')), 'base64').toBe(false);
}

describe('planted secrets', () => {
  let jobIds: string[];

  beforeAll(async () => {
    jobIds = await runJobs();
    await Promise.all(jobIds.map(waitForDelivery));
  });

  it('are in no line of the logs', () => {
    const logs = JSON.stringify(
      [service.api, ...service.workers].map((program) => [program.lines, program.errors]),
    );

    expect(logs).toContain(jobIds[0]);
    // A receipt begins with the same characters in base64.
    expect(logs).not.toContain('eyJ');
    expect(logs).not.toContain(JSON.parse(receiptKeys).keys[0].d);
    expectNowhere(logs, ['urlToken', 'path', 'userId', 'apiKey', 'exif', 'callbackToken', 'hostHeader']);
  });

  it('leave Redis together with their job, except for the user_id in its answer', async () => {
    await expect.poll(async () => (await dumpRedis()).includes(SECRET.urlToken)).toBe(false);

    expectNowhere(await dumpRedis(), ['urlToken', 'path', 'apiKey', 'exif', 'callbackToken', 'hostHeader']);
  });

  async function readAppendOnlyFile(): Promise<string> {
    const [, dir] = (await redis.config('GET', 'dir')) as string[];
    const folderOfAll = join(dir ?? '', 'appendonlydir');
    return readdirSync(folderOfAll)
      .map((file) => readFileSync(join(folderOfAll, file), 'latin1'))
      .join('\n');
  }

  it('are in no photo of the append-only file, also before it is rewritten', async () => {
    const text = await readAppendOnlyFile();

    // The uploads passed through it.
    expect(text).toContain(':photo:');
    expectNowhere(text, ['exif', 'apiKey', 'hostHeader']);
  });

  it('leave the append-only file when it is rewritten', async () => {
    await redis.bgrewriteaof();
    await expect
      .poll(async () => /aof_rewrite_in_progress:0/.test(await redis.info('persistence')))
      .toBe(true);

    expectNowhere(await readAppendOnlyFile(), [
      'urlToken',
      'path',
      'apiKey',
      'exif',
      'callbackToken',
      'hostHeader',
    ]);
  });

  it('are in no file of the temp folder', () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );

    for (const file of files)
      expectNowhere(readFileSync(join(file.parentPath, file.name), 'latin1'), [
        'urlToken',
        'userId',
        'apiKey',
        'exif',
      ]);
  });

  it('are in no answer of the queue board', async () => {
    const get = async (path: string) => {
      const answer = await service.get(`/admin/queues${path}`, { authorization: `Bearer ${ADMIN_KEY}` });
      return JSON.stringify([answer.status, answer.body]);
    };
    const names = ['compare-lite', WEBHOOK_QUEUE];
    const paths = names.flatMap((name) => [
      ...BOARD_STATES.map((state) => `/api/queues?activeQueue=${name}&status=${state}&page=1&jobsPerPage=50`),
      ...appRoutes.api
        .filter(({ method }) => method === 'get')
        .flatMap(({ route }) => [route].flat())
        .flatMap((route) =>
          jobIds.map((id) => route.replace(':jobId', name === WEBHOOK_QUEUE ? `wh_${id}` : id)),
        )
        .map((route) => route.replace(':queueName', name)),
    ]);

    const answers = await Promise.all(paths.map(get));

    for (const answer of answers)
      expectNowhere(answer, ['urlToken', 'path', 'userId', 'callbackToken', 'exif']);
    // The jobs are there, with what a log line may say.
    const shown = answers.filter(
      (answer) => answer.startsWith('[200') && answer.includes('"tenant":"tenant"'),
    );
    expect(shown.length).toBeGreaterThan(5);
    for (const id of jobIds) expect(shown.join()).toContain(`"id":"${id}"`);
    expect(shown.join()).toContain('"id":"wh_');
  });

  it('are in no metric; every metric and label is documented', async () => {
    const [worker] = service.workers;
    const programs = [
      ['API', service.metricsUrl],
      ['Worker', worker && (await metricsUrlOf(worker))],
    ] as const;
    for (const [name, url = ''] of programs) {
      const text = await (await fetch(url)).text();
      expectNowhere(text, ['urlToken', 'path', 'userId', 'apiKey', 'callbackToken', 'exif', 'hostHeader']);
      const exported = exportedMetrics(text);
      const documented = documentedMetrics(name);
      expect(exported.map((metric) => metric.name)).toEqual(documented.map((metric) => metric.name));
      // Metrics without samples show no labels.
      const sampled = exported.filter(({ labels }) => labels.length > 0);
      expect(sampled.length).toBeGreaterThan(5);
      expect(documented).toEqual(expect.arrayContaining(sampled));
    }
  });

  it('disappear when everything that is kept of a person is erased', async () => {
    const before = (await redis.keys('*:receipt:*')).length;

    const answer = await service.call(`/users/${SECRET.userId}/jobs`, { method: 'DELETE', headers: auth });

    expect(answer).toMatchObject({ status: 200, body: { running: 0 } });
    expect(answer.body.erased).toBeGreaterThanOrEqual(4);
    expect(before).toBeGreaterThanOrEqual(4);
    expect(await redis.keys('*:receipt:*')).toEqual([]);
    expect(await dumpRedis()).not.toContain('eyJ');
    expectNowhere(await dumpRedis(), ['userId']);
    for (const jobId of jobIds) expect((await service.get(`/jobs/${jobId}`, auth)).status).toBe(404);
  });
});

describe('retention', () => {
  it('sets an expiry on every key that outlives its job', async () => {
    await service.post(
      '/jobs',
      { user_id: 'someone', ...photos, evidence: true, receipt: true },
      { ...auth, prefer: 'respond-async' },
    );
    await expect.poll(async () => (await redis.keys('*:receipt:*')).length).toBeGreaterThan(0);

    // A job may wait for an hour, its webhook be retried for days, and both be kept for a day then.
    for (const key of await redis.keys('*:user:*'))
      expect(await redis.ttl(key)).toBeGreaterThan(3_600 + LONGEST_DELIVERY_SECONDS + 86_400);
    for (const pattern of ['*:evidence:*', '*:receipt:*', '*:user:*', '*:ending:*', '*:cancelled:*']) {
      for (const key of await redis.keys(pattern)) expect(await redis.ttl(key), key).toBeGreaterThan(0);
    }
  });
});
