import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../src/cli/start/ports.js';
import { photoWithoutFace, samePersonPhotos } from '../support/photos/photos.js';
import { listVisionPids } from '../support/programs/process-table.js';
import { type Answer, type RunningService, startServiceAt } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/servers/webhook-receiver.js';

/** Planted where secrets live, in a service in which everything goes wrong that can. */
const SECRET = {
  urlToken: 'X-Signature-5e1a77c04d',
  path: 'private-album-9034',
  userId: 'john.doe.1971',
  apiKey: 'tenant-key-9f8e7d6c5b4a',
  adminKey: 'ops-key-1b2c3d4e5f6a',
  redisPassword: 'redis-password-77aa31',
  webhookSecret: 'bm90IGZvciBhbnlib2R5IGVsc2UncyBleWVz',
  callbackToken: 'hook-token-8820',
} as const;
type Name = keyof typeof SECRET;
const ALL = Object.keys(SECRET) as Name[];

let redis: RedisServer;
let images: ImageServer;
let receiver: WebhookReceiver;
let service: RunningService;
let folder: string;
let workerMetrics: string;
const answers: Answer[] = [];

const auth = { authorization: `Bearer ${SECRET.apiKey}` };
const query = `?token=${SECRET.urlToken}`;
const redisUrl = () => `redis://:${SECRET.redisPassword}@127.0.0.1:${redis.port}`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'face-privacy-faults-'));
  // Uncompressed, so that no secret can hide in what it holds.
  redis = await startRedis(['--requirepass', SECRET.redisPassword, '--rdbcompression', 'no']);
  images = await startImageServer();
  receiver = await startWebhookReceiver();
  const port = await freePort();
  workerMetrics = `http://127.0.0.1:${port}/metrics`;
  service = await startServiceAt(redisUrl(), {
    env: {
      API_KEYS: `tenant:${SECRET.apiKey}`,
      ADMIN_API_KEYS: `ops:${SECRET.adminKey}`,
      WEBHOOK_SECRETS: `whsec_${SECRET.webhookSecret}`,
      LOG_LEVEL: 'trace',
      TMPDIR: folder,
      WORKER_PORT: String(port),
      SYNC_WAIT_TIMEOUT: '15',
    },
  });
});

afterAll(async () => {
  await service?.stop();
  await receiver?.stop();
  await images?.stop();
  await redis?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The reference's URL of a case, each a way to fail. */
async function serveFailures(): Promise<Record<string, string>> {
  const [good = Buffer.alloc(0)] = await samePersonPhotos();
  const serve = (name: string, body: Parameters<ImageServer['serve']>[1]) =>
    `${images.serve(`/${SECRET.path}/${name}.jpg`, body)}${query}`;
  return {
    good: serve('good', good),
    gone: `${images.origin}/${SECRET.path}/gone.jpg${query}`,
    broken: serve('broken', good.subarray(0, good.length / 2)),
    text: serve('text', Buffer.from(`<html>${SECRET.urlToken}</html>`)),
    nobody: serve('nobody', await photoWithoutFace()),
    inside: serve('inside', (_request, response) =>
      response.writeHead(302, { location: `http://10.0.0.1/${SECRET.path}${query}` }).end(),
    ),
    reset: serve('reset', (request) => request.socket.destroy()),
    encoded: serve('encoded', (_request, response) =>
      response.writeHead(200, { 'content-encoding': SECRET.urlToken }).end('x'),
    ),
    unresolved: `http://${'x'.repeat(63)}.invalid-${SECRET.path}.acme.com/${query}`,
  };
}

async function ask(photos: Record<string, string>, reference: string, extra: object = {}): Promise<Answer> {
  const front = photos.good;
  const fronts = { front_image1: front, front_image2: front, front_image3: front };
  const body = { user_id: SECRET.userId, ...fronts, back_image: reference, evidence: true, ...extra };
  const answer = await service.post('/compare-faces', body, auth);
  answers.push(answer);
  return answer;
}

async function breakRequests(photos: Record<string, string>): Promise<void> {
  for (const reference of Object.values(photos)) await ask(photos, reference);
  const bodies = [
    `{"user_id":"${SECRET.userId}","back_image":"http://x/${query}`,
    JSON.stringify({
      user_id: SECRET.userId,
      threshold: SECRET.urlToken,
      back_image: `http://10.0.0.1/${query}`,
    }),
    `"${SECRET.urlToken.repeat(10_000)}"`,
  ];
  for (const body of bodies) answers.push(await service.post('/jobs', body, auth));
  answers.push(await service.get(`/jobs/${SECRET.userId}`, auth));
  answers.push(await service.get(`/jobs/${SECRET.userId}`, { authorization: `Bearer ${SECRET.adminKey}` }));
}

/** Kills vision processes as a native crash would while they have photos. */
async function crashVision(photos: Record<string, string>): Promise<void> {
  const pid = service.workers[0]?.process.pid ?? 0;
  const asked = Promise.all([1, 2, 3].map(() => ask(photos, photos.good ?? '')));
  for (let crash = 0; crash < 2; crash += 1) {
    const child = await vi.waitFor(() => {
      const [found] = listVisionPids(pid);
      if (!found) throw new Error('no vision process');
      return found;
    }, 60_000);
    process.kill(child, 'SIGSEGV');
    await vi.waitFor(() => expect(listVisionPids(pid)).not.toContain(child), 60_000);
  }
  await asked;
}

async function failDelivery(photos: Record<string, string>): Promise<void> {
  receiver.script('/gone', [410]);
  const url = `${receiver.origin}/gone?token=${SECRET.callbackToken}`;
  const body = { user_id: SECRET.userId, back_image: photos.good, callback_url: url };
  const front = photos.good;
  await service.post(
    '/jobs',
    { ...body, front_image1: front, front_image2: front, front_image3: front },
    auth,
  );
  const failed = await vi.waitFor(async () => {
    const answer = await service.get('/webhooks/failed', { 'x-api-key': SECRET.adminKey });
    expect(answer.body.items).toHaveLength(1);
    return answer;
  }, 60_000);
  answers.push(failed);
}

/** With a job at work and callers waiting. */
async function loseRedis(photos: Record<string, string>): Promise<void> {
  const caught = ask(photos, photos.good ?? '');
  await redis.kill();
  answers.push(await service.post('/jobs', { user_id: SECRET.userId, ...photos }, auth));
  await ask(photos, photos.good ?? '');
  await caught;
  // Only a reconnect shows that Redis is unavailable, and the next one may succeed.
  await service.api.line(({ msg }) => msg === 'Redis is unavailable');
  await redis.start();
  await vi.waitFor(async () => expect((await ask(photos, photos.good ?? '')).status).toBe(200), {
    timeout: 60_000,
    interval: 500,
  });
}

function expectNowhere(text: string, names: readonly Name[]): void {
  for (const name of names) expect(text.includes(SECRET[name]), name).toBe(false);
}

describe('planted secrets, where everything goes wrong', () => {
  beforeAll(async () => {
    const photos = await serveFailures();
    await breakRequests(photos);
    await crashVision(photos);
    await failDelivery(photos);
    await loseRedis(photos);
  }, 120_000);

  it('are in no answer except the user_id in a result', () => {
    const statuses = new Set(answers.map(({ status }) => status));
    for (const status of [200, 400, 403, 404, 413, 422, 502, 503]) expect(statuses).toContain(status);
    for (const { status, body } of answers)
      expectNowhere(JSON.stringify(body), status === 200 ? ALL.filter((name) => name !== 'userId') : ALL);
  });

  it('are in no line of a log and in nothing that a crash prints', () => {
    const programs = [service.api, ...service.workers];
    const text = JSON.stringify(programs.map(({ lines, errors }) => [lines, errors]));

    expect(text).toMatch(/image_fetch_failed.*Redis is unavailable/s);
    expectNowhere(text, ALL);
  });

  it('are in no metric of either program', async () => {
    const ofApi = await (await fetch(service.metricsUrl)).text();
    const ofWorker = await (await fetch(workerMetrics)).text();

    expect(ofWorker).toMatch(/face_vision_restarts\{[^}]*\} [1-9]/);
    expectNowhere(ofApi + ofWorker, ALL);
  });

  it('are in no file that is left behind', () => {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());

    for (const { parentPath, name } of files)
      expectNowhere(readFileSync(join(parentPath, name), 'latin1'), ALL);
    expect(readdirSync('.').filter((name) => /^core|^report\.|\.heapsnapshot$/.test(name))).toEqual([]);
  });

  it('are not in Redis, except for the user_id and the target of a webhook that was given up', async () => {
    const client = new Redis(redisUrl());
    const dump = async () => {
      const keys = await client.keys('*');
      const values = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
      return JSON.stringify([keys, values.map((value) => value?.toString('latin1'))]);
    };
    await expect.poll(async () => (await dump()).includes(SECRET.urlToken), { timeout: 60_000 }).toBe(false);

    expectNowhere(
      await dump(),
      ALL.filter((name) => name !== 'userId' && name !== 'callbackToken'),
    );
    client.disconnect();
  });
});
