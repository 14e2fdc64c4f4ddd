import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { type Service, startService } from '../../support/programs/service.js';
import { type Handler, type ImageServer, startImageServer } from '../../support/servers/image-server.js';

const [LOUD, QUIET] = ['loud-0123456789abcdef', 'quiet-0123456789abcdef'];
const HOSTS = 20;
const SYNC_REQUESTS = 24;
const JOBS = 40;
/** A share of places takes about a second to be used up; silent hosts held others for 14 s and more, ms. */
const GENEROUS_MS = 3_000;

let images: ImageServer;
let hosts: readonly ImageServer[];
let photos: PhotoSet;
let service: Service;

const silent: Handler = () => undefined;
/** Announces a photo and sends a byte of it every 20 ms. */
const dripping: Handler = async (_request, response) => {
  response.writeHead(200, { 'content-length': 100_000 });
  while (!response.destroyed) {
    response.write('x');
    await sleep(20);
  }
};

beforeAll(async () => {
  images = await startImageServer();
  hosts = await Promise.all(Array.from({ length: HOSTS }, () => startImageServer()));
  for (const host of hosts) {
    host.serve('/silent', silent);
    host.serve('/dripping', dripping);
  }
  photos = await servePhotos(images);
  service = await startService({
    env: { API_KEYS: `loud:${LOUD},quiet:${QUIET}`, IMAGE_DOWNLOAD_TIMEOUT: '8', SYNC_WAIT_TIMEOUT: '40' },
  });
});

afterAll(async () => {
  await service?.stop();
  for (const server of [images, ...(hosts ?? [])]) await server?.stop();
});

const authorize = (key: string) => ({ authorization: `Bearer ${key}` });

/** Four photos that the loud tenant's hosts do not deliver; no other request asks for these URLs. */
function loudRequest(kind: 'silent' | 'dripping', id: number | string) {
  const url = (nth: number) => `${hosts[(Number(id) + nth) % HOSTS]?.origin}/${kind}?id=${id}-${nth}`;
  return {
    user_id: `loud-${id}`,
    front_image1: url(1),
    front_image2: url(2),
    front_image3: url(3),
    back_image: url(0),
  };
}

const asked = (path: string): number =>
  hosts.flatMap(({ requests }) => requests).filter((request) => request.startsWith(path)).length;

/** Asks `times` times, one after the other; returns the durations in ms, shortest first. */
async function measureQuiet(times: number): Promise<readonly number[]> {
  const durations: number[] = [];
  for (let request = 0; request < times; request += 1) {
    const startedAt = performance.now();
    const answer = await service.post('/compare-faces', { user_id: 'q', ...photos.same }, authorize(QUIET));
    expect(answer.body).toEqual({ user_id: 'q', matched: true });
    durations.push(performance.now() - startedAt);
  }
  return durations.sort((a, b) => a - b);
}

const p95 = (sorted: readonly number[]): number => sorted[Math.ceil(sorted.length * 0.95) - 1] ?? Number.NaN;

describe('image hosts of one tenant that do not deliver', { timeout: 120_000 }, () => {
  it('do not delay another tenant while they stay silent, and are asked once', async () => {
    await measureQuiet(2);
    const quiet = p95(await measureQuiet(10));
    const jobs = await Promise.all(
      Array.from({ length: JOBS }, (_, id) =>
        service.post('/jobs', loudRequest('silent', id), authorize(LOUD)),
      ),
    );
    const waiting = Array.from({ length: SYNC_REQUESTS }, (_, index) =>
      service.post('/compare-faces', loudRequest('silent', JOBS + index), authorize(LOUD)),
    );
    await vi.waitFor(() => expect(asked('/silent')).toBeGreaterThanOrEqual(8), 60_000);

    const durations = await measureQuiet(20);
    console.info(
      `quiet p95 ${quiet.toFixed(0)} ms, beside silent hosts ${p95(durations).toFixed(0)} ms, worst ${durations.at(-1)?.toFixed(0)} ms`,
    );

    expect(p95(durations)).toBeLessThan(Math.max(3 * quiet, GENEROUS_MS));
    for (const answer of await Promise.all(waiting))
      expect(answer.body).toMatchObject({ code: 'image_fetch_failed', reason: 'timeout' });
    for (const { body } of jobs) {
      const view = await service.get(String(body.status_url), { prefer: 'wait=60', ...authorize(LOUD) });
      expect(view.body).toMatchObject({ status: 'failed', attempts: 1, error: { reason: 'timeout' } });
    }
    expect(asked('/silent')).toBe((JOBS + SYNC_REQUESTS) * 4);
  });

  it('are given up after some seconds if they send a byte at a time', async () => {
    const startedAt = performance.now();
    const answer = await service.post('/compare-faces', loudRequest('dripping', 1), authorize(LOUD));

    expect(answer.body).toMatchObject({ code: 'image_fetch_failed', reason: 'too_slow' });
    expect(performance.now() - startedAt).toBeLessThan(7_000);
    expect(asked('/dripping')).toBe(4);
  });
});
