import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { batchViewSchema } from '../../src/shared/contract/batch-view.js';
import { jobViewSchema } from '../../src/shared/contract/job-view.js';
import { problemSchema } from '../../src/shared/contract/problem.js';
import { batchWebhookBodySchema } from '../../src/shared/contract/webhook-body.js';
import { tenantWebhookSecret } from '../../src/shared/webhooks/webhook-secret.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import {
  type Answer,
  asLimitedUser,
  type Replica,
  type Service,
  startReplica,
  startService,
  WEBHOOK_SECRET,
} from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import {
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../support/servers/webhook-receiver.js';

const ALICE = { authorization: 'Bearer alice-0123456789abcdef' };
const BOB = { authorization: 'Bearer bob-0123456789abcdef01' };
const KEYS = { API_KEYS: 'alice:alice-0123456789abcdef,bob:bob-0123456789abcdef01' };
const CONCURRENCY = 2;

let images: ImageServer;
let photos: PhotoSet;
let receiver: WebhookReceiver;
let service: Service;
let redis: Redis;
let small: Replica;

beforeAll(async () => {
  images = await startImageServer();
  receiver = await startWebhookReceiver();
  photos = await servePhotos(images);
  const env = {
    ...KEYS,
    UPLOAD_KEYS: randomBytes(32).toString('base64'),
    WORKER_CONCURRENCY: String(CONCURRENCY),
    WORKER_SLOW_JOBS: '0',
  };
  service = await startService({ env });
  small = await startReplica(asLimitedUser(service.redis.url), { ...env, MAX_QUEUE_DEPTH: '8' });
  redis = new Redis(service.redis.url);
});

afterAll(async () => {
  await small?.program.stop();
  redis?.disconnect();
  await service?.stop();
  await receiver?.stop();
  await images?.stop();
});

type Line = Readonly<Record<string, unknown>>;

const toLines = (lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

function send(body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return service.call('/batches', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...ALICE, ...headers },
    body,
  });
}

async function readResults(batchId: unknown, query = ''): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${service.origin}/batches/${batchId}/results${query}`, { headers: ALICE });
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  const text = await response.text();
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function waitForEnd(batchId: unknown) {
  const view = async () =>
    batchViewSchema.parse((await service.get(`/batches/${batchId}`, { ...ALICE, prefer: 'wait=1' })).body);
  await vi.waitFor(async () => expect((await view()).status).toBe('completed'), 60_000);
  return view();
}

/** Requests whose first photo does not exist: each ends within milliseconds. */
const quick = (count: number): Line[] =>
  Array.from({ length: count }, (_, index) => ({
    user_id: `quick-${index}`,
    ...photos.same,
    back_image: `${images.origin}/missing-${index}.jpg`,
  }));

/** A photo that is answered once `release` is called. */
function serveHeld(path: string): { readonly url: string; release(): void } {
  const held: (() => void)[] = [];
  let isReleased = false;
  const url = images.serve(path, (_request, response) => {
    const answer = () => response.writeHead(302, { location: photos.same.back_image }).end();
    if (isReleased) answer();
    else held.push(answer);
  });
  return {
    url,
    release: () => {
      isReleased = true;
      for (const answer of held) answer();
    },
  };
}

describe('a batch', () => {
  it('answers as its single jobs do: counts, results, webhooks', async () => {
    const lines: Line[] = [
      { ref: 'row-1', user_id: 'p-1', ...photos.same },
      {
        user_id: 2,
        ...photos.same,
        front_image1: photos.other,
        front_image2: photos.other,
        front_image3: photos.other,
      },
      { ref: 'Zeile 3', user_id: 'p-3', ...photos.same, back_image: photos.faceless, nickname: 'x' },
      {
        ref: 'row-4',
        user_id: 'p-4',
        ...photos.same,
        evidence: true,
        callback_url: `${receiver.origin}/job`,
      },
    ];

    const accepted = await send(toLines(lines), { 'callback-url': `${receiver.origin}/batch` });

    const batchId = accepted.body.batch_id;
    expect(accepted.status).toBe(202);
    expect(accepted.body).toEqual({ batch_id: batchId, total: 4, status_url: `/batches/${batchId}` });
    expect(accepted.headers.get('location')).toBe(`/batches/${batchId}`);
    const view = await waitForEnd(batchId);
    expect(view).toMatchObject({
      total: 4,
      counts: { queued: 0, active: 0, completed: 3, failed: 1, cancelled: 0, removed: 0 },
      results_url: `/batches/${batchId}/results`,
    });
    await receiver.waitFor('/job', 1);
    await vi.waitFor(async () => {
      const { callback } = batchViewSchema.parse((await service.get(`/batches/${batchId}`, ALICE)).body);
      expect(callback?.status).toBe('delivered');
    }, 60_000);
    const results = await readResults(batchId);
    const singles = results.map(({ job_id: jobId }) => service.get(`/jobs/${jobId}`, ALICE));
    expect(results).toEqual((await Promise.all(singles)).map(({ body }) => body));
    expect(results.map((result) => jobViewSchema.parse(result))).toMatchObject([
      { batch_id: batchId, ref: 'row-1', user_id: 'p-1', result: { matched: true } },
      { batch_id: batchId, user_id: 2, result: { matched: false } },
      { ref: 'Zeile 3', error: { code: 'face_not_found' }, warnings: [{ field: 'nickname' }] },
      { ref: 'row-4', result: { evidence: { matches: 3 } }, callback: { status: 'delivered' } },
    ]);
    expect(results[1]).not.toHaveProperty('ref');

    const secret = tenantWebhookSecret(WEBHOOK_SECRET, 'alice');
    const told = (await receiver.waitFor('/batch', 1)).map((webhook) => verifyReceived(webhook, secret));
    const { callback: _callback, ...final } = view;
    expect(told).toEqual([
      { type: 'batch.completed', timestamp: view.finished_at, tenant: 'alice', data: final },
    ]);
    expect(batchWebhookBodySchema.parse(told[0]).data.batch_id).toBe(batchId);
    const [job] = (await receiver.waitFor('/job', 1)).map((webhook) => verifyReceived(webhook, secret));
    expect(job).toMatchObject({ type: 'comparison.completed', data: { ref: 'row-4', batch_id: batchId } });
  });

  it('takes photos in data: URLs, and leaves none of them in Redis', async () => {
    const inline = async (url: string): Promise<string> => {
      const bytes = await (await fetch(url)).arrayBuffer();
      return `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}`;
    };
    const { same } = photos;
    const photosInline = Object.fromEntries(
      await Promise.all(Object.entries(same).map(async ([name, url]) => [name, await inline(url)])),
    );
    const line = { user_id: 'inline', ref: 'inline', ...photosInline };
    const stored = () => redis.keys('{face}:photo:*');

    const refused = await send(toLines([line, {}]));
    const accepted = await send(toLines([line, ...quick(1), { ...line, back_image: same.back_image }]));

    expect([refused.status, accepted.status]).toEqual([422, 202]);
    expect((await waitForEnd(accepted.body.batch_id)).counts).toMatchObject({ completed: 2, failed: 1 });
    const results = await readResults(accepted.body.batch_id);
    expect(results.map(({ result }) => result)).toMatchObject([
      { matched: true },
      undefined,
      { matched: true },
    ]);
    await vi.waitFor(async () => expect(await stored()).toEqual([]), 60_000);
    expect(Number(await redis.get('{face}:uploads:bytes'))).toBe(0);
  });

  it.each([
    { moment: 'before it has accepted it', trace: '{face}:batch-staging:*' },
    { moment: 'right after', trace: '{face}:batch-lines:*' },
  ])('outlives an API that is killed $moment: a repeated request gets it whole', async ({ trace }) => {
    const victim = await startReplica(asLimitedUser(service.redis.url), KEYS);
    const key = { 'idempotency-key': trace };
    const lines = quick(60);
    let isAnswered = false;
    const first = fetch(`${victim.origin}/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', ...ALICE, ...key },
      body: toLines(lines),
    })
      .then(
        ({ status }) => status,
        () => 'no answer',
      )
      .finally(() => {
        isAnswered = true;
      });
    // If the API is faster than this, the rest must hold as well.
    while (!isAnswered && (await redis.keys(trace)).length === 0);
    victim.program.process.kill('SIGKILL');
    expect(['no answer', 202]).toContain(await first);

    const repeated = await send(toLines(lines), key);

    expect(repeated.body).toMatchObject({ total: 60 });
    expect((await waitForEnd(repeated.body.batch_id)).counts).toMatchObject({ failed: 60, removed: 0 });
    const results = await readResults(repeated.body.batch_id);
    expect(new Set(results.map(({ job_id: jobId }) => jobId)).size).toBe(60);
    expect(await redis.keys('{face}:batch-lines:*')).toEqual([]);
  });

  it('does not exist for another tenant', async () => {
    const { body } = await send(toLines(quick(1)));
    const calls: readonly (readonly [string, string])[] = [
      ['GET', `/batches/${body.batch_id}`],
      ['GET', `/batches/${body.batch_id}/results`],
      ['DELETE', `/batches/${body.batch_id}`],
      ['GET', '/batches/b_00000000000000000000000000000000'],
      ['GET', '/batches/r_1'],
    ];

    for (const [method, path] of calls) {
      const answer = await service.call(path, { method, headers: BOB });
      expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'batch_not_found']);
    }
  });

  it('is joined by every request under its Idempotency-Key, and by no other body', async () => {
    const lines = quick(30);
    const key = { 'idempotency-key': 'import-1' };

    const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => send(toLines(lines), key)));
    const later = await send(`\n${toLines(lines)}`, key);
    const reordered = await send(toLines(lines.toReversed()), key);
    const told = await send(toLines(lines), { ...key, 'callback-url': `${receiver.origin}/other` });
    const foreign = await send(toLines(lines), { ...key, ...BOB });

    expect(new Set([first, ...others, later].map((answer) => answer?.body.batch_id)).size).toBe(1);
    expect(later.headers.get('idempotent-replayed')).toBe('true');
    for (const answer of [reordered, told])
      expect([answer.status, answer.body.code]).toEqual([422, 'idempotency_conflict']);
    expect(foreign.body.batch_id).not.toBe(later.body.batch_id);
    const { counts } = await waitForEnd(later.body.batch_id);
    expect(counts).toMatchObject({ failed: 30 });
  });

  it('is erased with its persons, and keeps nothing of them', async () => {
    const held = serveHeld('/held-erase.jpg');
    const line = { user_id: 'erased-person', ref: 'erased-ref', ...photos.same, back_image: held.url };
    const { body } = await send(toLines([line, ...quick(1), line]), { 'idempotency-key': 'erased' });
    const erase = async () =>
      (await service.call('/users/erased-person/jobs', { method: 'DELETE', headers: ALICE })).body;
    await vi.waitFor(() => expect(images.requests).toContain('/held-erase.jpg'), 60_000);
    await erase();
    held.release();
    await vi.waitFor(async () => expect((await erase()).running).toBe(0), 60_000);

    const view = await waitForEnd(body.batch_id);

    expect(view.counts).toMatchObject({ removed: 2, failed: 1 });
    expect(await readResults(body.batch_id)).toHaveLength(1);
    const record = await redis.hgetall(`{face}:batch:compare-lite:${body.batch_id}`);
    expect(Object.keys(record).toSorted()).toEqual([
      'created_at',
      'finished_at',
      'priority',
      'tenant',
      'total',
      'weight',
    ]);
    const again = await send(toLines([line, ...quick(1), line]), { 'idempotency-key': 'erased' });
    expect(again.body).toEqual(body);
    expect((await waitForEnd(body.batch_id)).counts.removed).toBe(2);
  });

  it('is cancelled as far as it has not started, and then completed', async () => {
    const held = serveHeld('/held-cancel.jpg');
    const stuck = { user_id: 'stuck', ...photos.same, back_image: held.url };
    const { body } = await send(toLines([stuck, stuck, ...quick(30)]), {
      'callback-url': `${receiver.origin}/cancelled`,
    });
    const heldRequests = () => images.requests.filter((path) => path === '/held-cancel.jpg');
    await vi.waitFor(() => expect(heldRequests()).toHaveLength(CONCURRENCY), 60_000);

    const cancelled = await service.call(`/batches/${body.batch_id}`, { method: 'DELETE', headers: ALICE });
    const repeated = await service.call(`/batches/${body.batch_id}`, { method: 'DELETE', headers: ALICE });
    const open = await readResults(body.batch_id, '?ended=true');
    held.release();
    const view = await waitForEnd(body.batch_id);

    expect(cancelled.body).toMatchObject({ status: 'running', counts: { active: 2, cancelled: 30 } });
    expect(repeated.body).toEqual(cancelled.body);
    expect(open.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 'cancelled'));
    expect(view.counts).toMatchObject({ completed: 2, cancelled: 30 });
    expect(await receiver.waitFor('/cancelled', 1)).toHaveLength(1);
  });

  it('is refused as a whole if the queue has no room for all of it', async () => {
    const held = serveHeld('/held-full.jpg');
    const stuck = { user_id: 'stuck', ...photos.same, back_image: held.url };
    const submit = (lines: readonly Line[], headers: Readonly<Record<string, string>>) =>
      fetch(`${small.origin}/batches`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', ...headers },
        body: toLines(lines),
      });
    const blocker = await send(toLines([stuck, stuck]));
    const heldRequests = () => images.requests.filter((path) => path === '/held-full.jpg');
    await vi.waitFor(() => expect(heldRequests()).toHaveLength(CONCURRENCY), 60_000);

    const never = await submit(quick(5), ALICE);
    const first = await submit(quick(4), ALICE);
    const second = await submit(quick(4), ALICE);
    const other = await submit(quick(2), BOB);

    // Half of the eight places are for one key at most.
    expect([never.status, problemSchema.parse(await never.json()).code]).toEqual([422, 'invalid_batch']);
    expect([first.status, other.status]).toEqual([202, 202]);
    expect([second.status, problemSchema.parse(await second.json()).code]).toEqual([503, 'overloaded']);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    held.release();
    await waitForEnd(blocker.body.batch_id);
    await waitForEnd(((await first.json()) as { batch_id: string }).batch_id);
  });

  it('whose reader hangs up is read no further, and the service continues', async () => {
    const { body } = await send(toLines(quick(80)));
    const hangUp = new AbortController();
    const response = await fetch(`${service.origin}/batches/${body.batch_id}/results`, {
      headers: ALICE,
      signal: hangUp.signal,
    });
    await response.body?.getReader().read();
    hangUp.abort();

    expect((await waitForEnd(body.batch_id)).total).toBe(80);
    expect(await readResults(body.batch_id)).toHaveLength(80);
    expect(service.api.errors).toEqual([]);
  });
});
