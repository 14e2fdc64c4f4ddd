import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ImageName } from '../../src/shared/contract/compare-request.js';
import { otherPersonPhoto } from '../support/photos/photos.js';
import { dataUrlOf, UPLOAD_KEY, uploadPhotos } from '../support/photos/upload-photos.js';
import { type Service, startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

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
    env: { UPLOAD_KEYS: UPLOAD_KEY, MAX_INLINE_BYTES: '100000', UPLOAD_MEMORY_LIMIT: '1048576' },
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
