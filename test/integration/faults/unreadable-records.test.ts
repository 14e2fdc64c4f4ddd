import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ComparisonJob } from '../../../src/shared/queue/comparison-job.js';
import { createKeyspace } from '../../../src/shared/queue/keyspace.js';
import { comparisonJob } from '../../support/builders/comparison-job.js';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { type Program, type Service, startService } from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type OpenQueues, openQueues } from '../../support/servers/open-queues.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/servers/webhook-receiver.js';

const KEYS = createKeyspace({ prefix: '{face}', model: 'lite' });
/** Time to break a record before a worker may take it, ms. */
const HEAD_START_MS = 1_000;

let images: ImageServer;
let photos: PhotoSet;
let receiver: WebhookReceiver;
let service: Service;
let queues: OpenQueues;
let redis: OpenQueues['redis'];
let queue: OpenQueues['queue'];
let webhookQueue: OpenQueues['webhookQueue'];
let worker: Program;

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  receiver = await startWebhookReceiver();
  service = await startService();
  [worker] = service.workers as [Program];
  queues = openQueues(service.redis.url);
  ({ redis, queue, webhookQueue } = queues);
});

afterAll(async () => {
  await queues?.close();
  await service?.stop();
  await receiver?.stop();
  await images?.stop();
});

/** The payload of a job as an API writes it. */
const payload = (changes: Partial<ComparisonJob> = {}) => comparisonJob({ images: photos.same, ...changes });

/** Runs a job to its end and returns its id. */
async function endJob(body: Record<string, unknown>): Promise<string> {
  const accepted = await service.post('/jobs', { user_id: 'u-1', ...photos.same, ...body });
  const view = await service.get(String(accepted.body.status_url), { prefer: 'wait=30' });
  expect(view.body.status).toBe('completed');
  return String(accepted.body.job_id);
}

/** Runs a job with evidence to its end and its webhook too. */
async function endToldJob(path: string, userId = 'u-1'): Promise<string> {
  const jobId = await endJob({
    user_id: userId,
    evidence: true,
    callback_url: `${receiver.origin}${path}`,
  });
  await vi.waitFor(
    async () => expect(await webhookQueue.getJobState(`wh_${jobId}`)).toBe('completed'),
    60_000,
  );
  return jobId;
}

describe('a waiting job whose record cannot be read', () => {
  it.each([
    ['broken JSON', '{"images": broken'],
    ['no object', 'null'],
    ['no fields', '{}'],
    ['fields of other types', '{"v":1,"images":5,"tenant":[],"callback_url":7,"accepted_at":"x"}'],
  ])('%s: ends, is logged, and others continue', async (what, data) => {
    const jobId = `r_${what.replaceAll(' ', '-')}`;
    await queue.add('compare', payload(), { jobId, delay: HEAD_START_MS });
    await redis.hset(queue.toKey(jobId), 'data', data, 'timestamp', 'never');

    const line = await worker.line((each) => each.job_id === jobId && each.msg === 'comparison');
    const other = await service.post('/compare-faces', { user_id: 'u-1', ...photos.same });

    expect(line.code).toBe('internal');
    expect(other.body).toMatchObject({ matched: true });
    await vi.waitFor(async () => expect(await queue.getJobState(jobId)).toBe('completed'), 60_000);
    // Its owner is unknown.
    expect((await service.get(`/jobs/${jobId}`)).status).toBe(404);
    expect(JSON.stringify(worker.lines)).not.toContain('broken"');
  });

  it('a webhook: fails for good, is logged, and others continue', async () => {
    await webhookQueue.add('deliver', {}, { jobId: 'wh_r_bad', delay: HEAD_START_MS, attempts: 5 });
    await redis.hset(webhookQueue.toKey('wh_r_bad'), 'data', '{broken');

    await worker.line((line) => line.webhook_id === 'wh_r_bad');
    await endJob({ callback_url: `${receiver.origin}/beside` });

    expect(await receiver.waitFor('/beside', 1)).toHaveLength(1);
    await vi.waitFor(async () => expect(await webhookQueue.getJobState('wh_r_bad')).toBe('failed'), 60_000);
  });
});

describe('a waiting job that asks for a receipt', () => {
  it('ends without a decision if the worker has no key to sign with', async () => {
    await queue.add('compare', payload({ receipt: true }), { jobId: 'r_unsigned' });

    const view = await service.get('/jobs/r_unsigned', { prefer: 'wait=60' });

    expect(view.body).toMatchObject({ status: 'failed', error: { code: 'receipts_disabled' } });
    expect(view.body).not.toHaveProperty('result');
  });
});

describe('a record beside a job that cannot be read', () => {
  it('evidence and webhook: the job is shown without them, and the log names them', async () => {
    const jobId = await endToldJob('/shown');
    await redis.set(KEYS.evidence(jobId), '{broken');
    await redis.hset(webhookQueue.toKey(`wh_${jobId}`), 'data', '{broken');

    const view = await service.get(`/jobs/${jobId}`);

    expect(view.status).toBe(200);
    expect(view.body).toMatchObject({ status: 'completed', result: { user_id: 'u-1', matched: true } });
    for (const record of ['evidence', 'webhook'])
      await service.api.line((line) => line.record === record && line.job_id === jobId);
  });

  it.each(['{broken', '[]'])('the outcome %s: is overwritten, and the log names it', async (text) => {
    const jobId = `r_ending-${text.length}`;
    await redis.set(KEYS.outcome(jobId), text);
    await queue.add('compare', payload({ evidence: true }), { jobId });

    const view = await service.get(`/jobs/${jobId}`, { prefer: 'wait=30' });

    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true, evidence: {} } });
    expect(JSON.parse((await redis.get(KEYS.outcome(jobId))) ?? '')).toMatchObject({
      outcome: { ok: true },
    });
    if (text === '{broken') await worker.line((line) => line.record === 'outcome' && line.job_id === jobId);
  });

  it('an outcome of another type: is overwritten, and the log names it', async () => {
    await redis.lpush(KEYS.outcome('r_ending-list'), 'x');
    await queue.add('compare', payload({ evidence: true }), { jobId: 'r_ending-list' });

    const view = await service.get('/jobs/r_ending-list', { prefer: 'wait=30' });

    expect(view.body).toMatchObject({ status: 'completed', result: { matched: true } });
    await worker.line((line) => line.record === 'outcome' && line.job_id === 'r_ending-list');
  });
});

describe('DELETE /users/:user_id/jobs', () => {
  it.each<[string, (jobId: string) => Promise<unknown>]>([
    ['broken JSON', (jobId) => redis.hset(queue.toKey(jobId), 'data', '{broken')],
    ['broken options', (jobId) => redis.hset(queue.toKey(jobId), 'opts', '{broken')],
    ['a key of another type', (jobId) => redis.set(queue.toKey(jobId), 'text')],
    ['a webhook of another type', (jobId) => redis.set(webhookQueue.toKey(`wh_${jobId}`), 'text')],
    ['a webhook with broken JSON', (jobId) => redis.hset(webhookQueue.toKey(`wh_${jobId}`), 'data', '{')],
    ['a webhook with broken options', (jobId) => redis.hset(webhookQueue.toKey(`wh_${jobId}`), 'opts', '{')],
  ])('erases a job with %s', async (what, spoil) => {
    const userId = `u-${what.replaceAll(' ', '-')}`;
    const jobId = await endToldJob(`/${userId}`, userId);
    await spoil(jobId);

    const answer = await service.call(`/users/${userId}/jobs`, { method: 'DELETE' });

    expect(answer.body).toEqual({ erased: 1, running: 0 });
    expect(await redis.keys(`*${jobId}*`)).toEqual([]);
    for (const each of [queue, webhookQueue])
      expect(await redis.zrange(each.toKey('completed'), '0', '-1')).not.toContain(jobId);
  });
});
