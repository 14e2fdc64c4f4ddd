import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { ACCEPTABLE, type Api, postJson, startApi } from '../../support/programs/api.js';
import { type Service, startService } from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type OpenQueues, openQueues } from '../../support/servers/open-queues.js';

const API_KEYS = 'greedy:0123456789abcdef,quiet:fedcba9876543210,late:00112233445566778';
const greedy = { 'x-api-key': '0123456789abcdef' };
const quiet = { 'x-api-key': 'fedcba9876543210' };
const late = { 'x-api-key': '00112233445566778' };

describe('a tenant with more waiting callers than the workers can serve', () => {
  const FLOOD = 24;
  let images: ImageServer;
  let photos: PhotoSet;
  let service: Service;
  let queues: OpenQueues;

  beforeAll(async () => {
    images = await startImageServer();
    photos = await servePhotos(images);
    service = await startService({
      env: { API_KEYS, WORKER_CONCURRENCY: '1', WORKER_SLOW_JOBS: '0', SYNC_WAIT_TIMEOUT: '300' },
    });
    queues = openQueues(service.redis.url);
  });

  afterAll(async () => {
    await queues?.close();
    await service?.stop();
    await images?.stop();
  });

  it('does not delay another’s request by more than one of its own', async () => {
    let release = (): void => undefined;
    const held = images.serve('/held.jpg', (_request, response) => {
      release = () => response.writeHead(302, { location: photos.same.back_image }).end();
    });
    const compare = (headers: Record<string, string>, changes: object = {}) =>
      service.post('/compare-faces', { user_id: 'u-1', ...photos.same, ...changes }, headers);
    // One job holds the only place until everybody waits.
    const holding = compare(greedy, { back_image: held });
    await vi.waitFor(() => expect(images.requests).toContain('/held.jpg'), 60_000);
    const ended: string[] = [];
    const note = (who: string) => (answer: { status: number }) => {
      expect(answer.status).toBe(200);
      ended.push(who);
    };
    const flood = Array.from({ length: FLOOD }, () => compare(greedy).then(note('greedy')));
    await vi.waitFor(async () => expect(await queues.queue.getPrioritizedCount()).toBe(FLOOD), 60_000);
    const other = compare(quiet).then(note('quiet'));
    await vi.waitFor(async () => expect(await queues.queue.getPrioritizedCount()).toBe(FLOOD + 1), 60_000);

    release();
    await Promise.all([holding, other, ...flood]);

    // The first of the flood stands before it; the next may end in the moment in which answers travel.
    expect(ended.indexOf('quiet')).toBeLessThanOrEqual(2);
  }, 120_000);
});

describe('a tenant that fills the queue', () => {
  const DEPTH = 20;
  let api: Api;

  beforeAll(async () => {
    api = await startApi({ API_KEYS, MAX_QUEUE_DEPTH: String(DEPTH) });
  });

  afterAll(() => api?.stop());

  const submit = (headers: Record<string, string>) => postJson(`${api.origin}/jobs`, ACCEPTABLE, headers);
  const submitMany = async (count: number, headers: Record<string, string>) => {
    const answers: Response[] = [];
    for (let i = 0; i < count; i += 1) answers.push(await submit(headers));
    return answers;
  };
  const accepted = (answers: readonly Response[]) => answers.filter(({ status }) => status === 202);

  it('gets half of it and an error that says so; others are still accepted, and free places are borrowed again', async () => {
    const answers = await submitMany(DEPTH, greedy);

    expect(accepted(answers)).toHaveLength(DEPTH / 2);
    const refused = answers.at(-1);
    expect(refused?.status).toBe(503);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused?.json()).toMatchObject({
      code: 'overloaded',
      detail: expect.stringContaining(`${DEPTH / 2}`),
    });

    expect(accepted(await submitMany(3, quiet))).toHaveLength(3);
    expect(accepted(await submitMany(3, late))).toHaveLength(3);

    const erased = await fetch(`${api.origin}/users/u-1/jobs`, { method: 'DELETE', headers: greedy });
    expect(await erased.json()).toEqual({ erased: DEPTH / 2, running: 0 });
    expect((await submit(greedy)).status).toBe(202);
  });
});
