import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ImageName } from '../../src/shared/contract/compare-request.js';
import { jobViewSchema } from '../../src/shared/contract/job-view.js';
import { FORM_TYPE, type FormPart, multipart, photoPart, textPart } from '../support/builders/multipart.js';
import { otherPersonPhoto } from '../support/photos/photos.js';
import { connectTo, exchange, uploadHead } from '../support/photos/upload-connection.js';
import { dataUrlOf, UPLOAD_KEY, uploadPhotos } from '../support/photos/upload-photos.js';
import { type Program, type Service, startReplica, startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

const run = promisify(execFile);

/** The defaults. */
const MAX_IMAGE_BYTES = 10_485_760;
const MAX_INLINE_BYTES = 2_097_152;

let service: Service;
let images: ImageServer;
let redis: Redis;
let photos: Record<ImageName, Buffer>;
/** Answers the request for the held photo. */
let release: (() => void) | undefined;
/** URL of a reference that is not served before `release`. */
let held: string;

beforeAll(async () => {
  images = await startImageServer();
  photos = await uploadPhotos();
  service = await startService({
    env: { UPLOAD_KEYS: UPLOAD_KEY, MAX_IMAGE_BYTES: '200000', UPLOAD_MEMORY_LIMIT: '1048576' },
  });
  redis = new Redis(service.redis.url);
  held = images.serve('/held.jpg', (_request, response) => {
    release = () => response.writeHead(200, { 'content-type': 'image/jpeg' }).end(photos.back_image);
  });
});

afterEach(async () => {
  // Each test ends its jobs; nothing of a photo may outlive them.
  await vi.waitFor(async () => expect(await keysOfPhotos()).toEqual([]), 60_000);
});

afterAll(async () => {
  redis?.disconnect();
  await service?.stop();
  await images?.stop();
});

const keysOfPhotos = async (): Promise<string[]> =>
  (await redis.keys('*')).filter((key) => /:(?:photo|uploads)\b/.test(key));

/** A request whose photos are data: URLs. */
const inline = (changes: Record<string, unknown> = {}) => ({
  user_id: 'u-1',
  ...Object.fromEntries(Object.entries(photos).map(([name, photo]) => [name, dataUrlOf(photo)])),
  ...changes,
});

/** The parts of a request whose photos are files. */
const form = (): FormPart[] => [
  textPart('user_id', 'u-1'),
  ...Object.entries(photos).map(([name, photo]) => photoPart(name, photo)),
];

/** Submits a job that waits for its reference until `release`, with three uploaded fronts in Redis. */
async function holdJob(headers: Record<string, string> = {}): Promise<string> {
  release = undefined;
  const { status, body } = await service.post('/jobs', inline({ back_image: held }), headers);
  expect(status).toBe(202);
  await vi.waitFor(() => expect(release).toBeDefined(), 60_000);
  return String(body.job_id);
}

const endOf = async (jobId: string) => {
  const { body } = await service.get(`/jobs/${jobId}`, { prefer: 'wait=60' });
  return body as { status: string; result?: unknown; error?: { code: string } };
};

describe('photos in a form', () => {
  const post = (path: string, parts: readonly FormPart[], headers: Record<string, string> = {}) =>
    service.call(path, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE, ...headers },
      body: new Uint8Array(multipart(parts)),
    });

  it('are compared', async () => {
    const answer = await post('/compare-faces', form());

    expect([answer.status, answer.body]).toEqual([200, { user_id: 'u-1', matched: true }]);
  });

  it('are compared by a job, with the options of its other parts', async () => {
    const { status, body } = await post('/jobs', [...form(), textPart('evidence', 'true')]);

    expect(status).toBe(202);
    const view = jobViewSchema.parse(await endOf(String(body.job_id)));
    expect(view.result?.evidence?.images.front_image1.status).toBe('matched');
  });

  it('can be sent by curl as the README shows it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'face-curl-'));
    const args = Object.entries(photos).flatMap(([name, photo]) => {
      writeFileSync(join(folder, `${name}.jpg`), photo);
      return ['-F', `${name}=@${join(folder, `${name}.jpg`)}`];
    });

    const { stdout } = await run('curl', [
      '-s',
      `${service.origin}/compare-faces`,
      '-F',
      'user_id=42',
      ...args,
    ]);
    rmSync(folder, { recursive: true });

    expect(JSON.parse(stdout)).toEqual({ user_id: '42', matched: true });
  });

  it('get an answer that the sender can read, also if they are refused in the middle', async () => {
    // More than the buffers of a connection hold, within and above the limit of a whole form.
    for (const [size, image] of [
      [1_500_000, 'front_image2'],
      [20_000_000, undefined],
    ] as const) {
      const large = photoPart('front_image2', Buffer.alloc(size));

      const answer = await post('/compare-faces', [...form().slice(0, 2), large, ...form().slice(3)]);

      expect([answer.status, answer.body.code, answer.body.image]).toEqual([413, 'body_too_large', image]);
    }
  });

  it('run once under one Idempotency-Key, and conflict if any byte differs', async () => {
    const headers = { 'idempotency-key': 'form-1' };
    const changed = form();
    changed[4] = photoPart('back_image', Buffer.concat([photos.back_image, Buffer.of(0)]));

    const answers = await Promise.all(
      [form(), form(), changed, form()].map((parts) => post('/jobs', parts, headers)),
    );

    const accepted = answers.filter(({ status }) => status === 202);
    const rest = answers.filter(({ status }) => status !== 202).map(({ body }) => body.code);
    expect(new Set(accepted.map(({ body }) => body.job_id)).size).toBe(1);
    // Whichever came first has the key.
    expect([1, 3]).toContain(accepted.length);
    expect(new Set(rest)).toEqual(new Set(['idempotency_conflict']));
    expect(await endOf(String(accepted[0]?.body.job_id))).toMatchObject({ status: 'completed' });
  });

  it('get 503 while those of other jobs take all the memory, and URLs are accepted', async () => {
    service.workers[0]?.process.kill('SIGSTOP');
    const large = [
      textPart('user_id', 'u-2'),
      ...Object.keys(photos).map((name) => photoPart(name, Buffer.alloc(150_000))),
    ];
    const urls = Object.keys(photos).map((name) => [name, `${images.origin}/none.jpg`]);

    const first = await post('/jobs', large);
    const refused = await post('/jobs', large);
    const accepted = await service.post('/jobs', { user_id: 'u-1', ...Object.fromEntries(urls) });
    service.workers[0]?.process.kill('SIGCONT');

    expect([first.status, refused.status, accepted.status]).toEqual([202, 503, 202]);
    expect(refused.body).toMatchObject({
      code: 'overloaded',
      detail: 'Too many uploaded photos are waiting for their comparison. Requests with URLs are accepted.',
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await endOf(String(first.body.job_id))).toMatchObject({ error: { code: 'image_unsupported' } });
  });

  it('are removed with a job that is cancelled, and with a person that is erased', async () => {
    service.workers[0]?.process.kill('SIGSTOP');
    const cancelled = await post('/jobs', form());
    const erased = await post('/jobs', form());
    expect((await keysOfPhotos()).filter((key) => key.includes(':photo:'))).toHaveLength(2);

    await service.call(`/jobs/${cancelled.body.job_id}`, { method: 'DELETE' });
    await service.call('/users/u-1/jobs', { method: 'DELETE' });

    expect(erased.status).toBe(202);
    expect(await keysOfPhotos()).toEqual([]);
    service.workers[0]?.process.kill('SIGCONT');
  });
});

describe('photos in data: URLs', () => {
  it('are compared', async () => {
    expect((await service.post('/compare-faces', inline())).body).toEqual({ user_id: 'u-1', matched: true });
  });

  it('of another person do not match', async () => {
    const other = dataUrlOf(await otherPersonPhoto());
    const fronts = { front_image1: other, front_image2: other, front_image3: other };

    expect((await service.post('/compare-faces', inline(fronts))).body).toEqual({
      user_id: 'u-1',
      matched: false,
    });
  });

  it('mix with URLs', async () => {
    const back_image = images.serve('/reference.jpg', photos.back_image);

    const { body } = await service.post('/jobs', inline({ back_image }));

    expect(await endOf(String(body.job_id))).toMatchObject({
      status: 'completed',
      result: { user_id: 'u-1', matched: true },
    });
  });

  it('that are no image end like a URL of none', async () => {
    const text = `data:image/jpeg;base64,${Buffer.from('not an image').toString('base64')}`;

    expect((await service.post('/compare-faces', inline({ back_image: text }))).body).toMatchObject({
      code: 'image_unsupported',
      image: 'back_image',
    });
  });

  it('are stored encrypted, until their job expires at the latest', async () => {
    const jobId = await holdJob();

    const key = `{face}:photo:${jobId}:`;
    const [stored = ''] = (await redis.keys('*')).filter((name) => name.startsWith(key));
    const fields = await redis.hgetallBuffer(stored);
    expect(Object.keys(fields).sort()).toEqual(['front_image1', 'front_image2', 'front_image3']);
    for (const [name, value] of Object.entries(fields)) {
      expect(value.length).toBe(photos[name as ImageName].length + 33);
      expect(value.includes(photos[name as ImageName].subarray(200, 216))).toBe(false);
    }
    const job = await service.redisText(`{face}:compare-lite:${jobId}`);
    expect(job).not.toContain('base64');
    // JOB_DEADLINE_SECONDS and a minute.
    const ttl = await redis.ttl(stored);
    expect(ttl).toBeGreaterThan(3_600);
    expect(ttl).toBeLessThanOrEqual(3_660);

    release?.();
    expect(await endOf(jobId)).toMatchObject({ status: 'completed', result: { matched: true } });
  });

  it('that Redis has lost end the job as upload_expired', async () => {
    const [worker] = service.workers;
    worker?.process.kill('SIGSTOP');
    const { body } = await service.post('/jobs', inline());
    const [key = ''] = (await redis.keys('*')).filter((name) => name.includes(`:photo:${body.job_id}:`));
    await redis.del(key);
    worker?.process.kill('SIGCONT');

    const end = await endOf(String(body.job_id));

    expect(end.status).toBe('failed');
    expect(end.error).toMatchObject({
      code: 'upload_expired',
      status: 422,
      retryable: true,
      image: 'back_image',
    });
  });
});

describe('an upload on a connection of its own', () => {
  const whole = (): Buffer => multipart(form());

  it('that breaks off in a photo leaves nothing behind', async () => {
    const linesBefore = service.api.lines.length;
    const form = whole();
    const socket = connectTo(service.origin);
    socket.write(uploadHead(form.length, 'broken-off'));
    await new Promise((resolve) => socket.write(form.subarray(0, form.length / 2), resolve));
    socket.destroy();

    await service.api.line((line) => line.request_id === 'broken-off');

    expect(await keysOfPhotos()).toEqual([]);
    expect(service.api.errors).toEqual([]);
    expect(
      service.api.lines.slice(linesBefore).filter(({ level }) => Number(level) >= 50 || level === 'error'),
    ).toEqual([]);
    expect((await service.post('/compare-faces', inline())).body).toEqual({ user_id: 'u-1', matched: true });
  });

  it('is refused if its Content-Length is too small or too large', async () => {
    const form = whole();
    const cut = form.subarray(0, -1_000);

    const ended = await exchange(service.origin, [uploadHead(cut.length, 'ended'), cut]);
    const small = await exchange(service.origin, [uploadHead(cut.length, 'small'), form]);
    const large = await exchange(service.origin, [uploadHead(form.length + 1_000, 'large'), form]);

    expect(ended).toMatch(/^HTTP\/1\.1 422 .*not complete multipart/s);
    // Node finds bytes after the end of the request before or after we find that the form is incomplete.
    expect(small).toMatch(/^HTTP\/1\.1 4(?:00|22) /);
    expect(large).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('needs no Content-Length', async () => {
    const form = whole();
    const body = ReadableStream.from([form.subarray(0, 70_000), form.subarray(70_000)]);

    const { status, body: answer } = await service.call('/compare-faces', {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body,
      duplex: 'half',
    } as RequestInit);

    expect([status, answer]).toEqual([200, { user_id: 'u-1', matched: true }]);
  });
});

describe('large photos', () => {
  let api: { readonly program: Program; readonly origin: string };
  beforeAll(async () => {
    api = await startReplica(service.redis.url, { UPLOAD_KEYS: UPLOAD_KEY });
  });
  afterAll(() => api?.program.stop());

  const submit = async (type: string, body: string | Buffer) => {
    const init = {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Uint8Array(Buffer.from(body)),
    };
    const response = await fetch(`${api.origin}/jobs`, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const formOf = (bytes: number): Buffer =>
    multipart([
      textPart('user_id', 'u-1'),
      ...Object.keys(photos).map((name) => photoPart(name, Buffer.alloc(bytes, name))),
    ]);
  const inlineOf = (bytes: number): string =>
    JSON.stringify(
      inline(Object.fromEntries(Object.keys(photos).map((n) => [n, dataUrlOf(Buffer.alloc(bytes))]))),
    );

  it('of MAX_IMAGE_BYTES each are accepted in a form', async () => {
    const { status, body } = await submit(FORM_TYPE, formOf(MAX_IMAGE_BYTES));

    expect(status).toBe(202);
    expect(await endOf(String(body.job_id))).toMatchObject({ status: 'failed' });
  });

  it('of MAX_INLINE_BYTES each are accepted in data: URLs, and larger ones told to come in a form', async () => {
    const accepted = await submit('application/json', inlineOf(MAX_INLINE_BYTES));
    const refused = await submit('application/json', inlineOf(MAX_INLINE_BYTES + 1));

    expect([accepted.status, refused.status]).toEqual([202, 413]);
    expect(refused.body).toMatchObject({ code: 'body_too_large' });
    expect(JSON.stringify(refused.body)).toContain('as a part of multipart/form-data');
    expect(await endOf(String(accepted.body.job_id))).toMatchObject({ status: 'failed' });
  });

  it('take no memory of Redis after their jobs', async () => {
    const dataset = async (): Promise<number> => {
      const text = /used_memory_dataset:(\d+)/.exec(await redis.info('memory'))?.[1];
      // A difference, which Redis prints as unsigned although it can be below 0.
      return Number(BigInt.asIntN(64, BigInt(text ?? '')));
    };
    await vi.waitFor(async () => expect(await keysOfPhotos()).toEqual([]), 60_000);
    const before = await dataset();
    service.workers[0]?.process.kill('SIGSTOP');
    const answers: Awaited<ReturnType<typeof submit>>[] = [];
    for (let job = 0; job < 10; job += 1) answers.push(await submit(FORM_TYPE, formOf(2_000_000)));
    const during = await dataset();
    service.workers[0]?.process.kill('SIGCONT');
    await Promise.all(answers.map(({ body }) => endOf(String(body.job_id))));

    expect(during - before).toBeGreaterThan(80_000_000);
    // The records of ten jobs remain, of a few kB each.
    await vi.waitFor(async () => expect((await dataset()) - before).toBeLessThan(2_000_000), 60_000);
  });
});

describe('uploaded photos', () => {
  it('outlive a killed API and a killed Redis, until another API and the worker end their job', async () => {
    service.workers[0]?.process.kill('SIGSTOP');
    const { body } = await service.post('/jobs', inline());
    await redis.quit();
    service.api.process.kill('SIGKILL');
    await service.redis.kill();
    await service.redis.start();
    redis = new Redis(service.redis.url);
    expect((await keysOfPhotos()).length).toBeGreaterThan(1);
    service.workers[0]?.process.kill('SIGCONT');

    const heir = await startReplica(service.redis.url, { UPLOAD_KEYS: UPLOAD_KEY });
    const response = await fetch(`${heir.origin}/jobs/${body.job_id}`, { headers: { prefer: 'wait=60' } });
    await heir.program.stop();

    expect(await response.json()).toMatchObject({ status: 'completed', result: { matched: true } });
  });
});
