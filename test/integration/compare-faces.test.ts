import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidenceSchema } from '../../src/shared/contract/evidence.js';
import { jobViewSchema } from '../../src/shared/contract/job-view.js';
import { problemSchema } from '../../src/shared/contract/problem.js';
import { webhookBodySchema } from '../../src/shared/contract/webhook-body.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import { type Service, startService, WEBHOOK_SECRET } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import {
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../support/servers/webhook-receiver.js';

let service: Service;
let images: ImageServer;
let photos: PhotoSet;
let receiver: WebhookReceiver;

beforeAll(async () => {
  images = await startImageServer();
  receiver = await startWebhookReceiver();
  photos = await servePhotos(images);
  service = await startService({ env: { IMAGE_DOWNLOAD_TIMEOUT: '1', MAX_IMAGE_BYTES: '2000000' } });
});

afterAll(async () => {
  await service?.stop();
  await receiver?.stop();
  await images?.stop();
});

/** The four photos of one person, some of them replaced. */
const request = (changes: Record<string, unknown> = {}) => ({ user_id: 'u-1', ...photos.same, ...changes });
const strangers = () => ({
  front_image1: photos.other,
  front_image2: photos.other,
  front_image3: photos.other,
});

/** Changes after which all photos differ and the comparison can still be decided. */
const noCopies = () => ({ front_image2: photos.other, front_image3: photos.faceless, min_matches: 3 });

describe('POST /compare-faces', () => {
  it('answers matched: true for four photos of one person', async () => {
    const answer = await service.post('/compare-faces', request());

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ user_id: 'u-1', matched: true });
  });

  it('answers matched: false for the photos of another person', async () => {
    const answer = await service.post('/compare-faces', request(strangers()));

    expect(answer.body).toEqual({ user_id: 'u-1', matched: false });
  });

  it('returns an integer user_id unchanged and ignores unknown fields, with a warning on request', async () => {
    const body = request({ user_id: 42, nickname: 'x', front_image3: photos.other });

    const plain = await service.post('/compare-faces', body);
    const asked = await service.post('/compare-faces', { ...body, warnings: true, evidence: true });

    expect(plain.body).toEqual({ user_id: 42, matched: true });
    expect(asked.body.warnings).toContainEqual({ field: 'nickname', code: 'unknown_field' });
    expect(evidenceSchema.parse(asked.body.evidence).warnings).toContain('unknown_fields');
  });

  it('returns evidence on request', async () => {
    const answer = await service.post(
      '/compare-faces',
      request({ evidence: true, front_image3: photos.other }),
    );

    const evidence = evidenceSchema.parse(answer.body.evidence);
    expect(evidence).toMatchObject({ threshold: 0.5, min_matches: 2, matches: 2, model: { pack: 'lite' } });
    expect(evidence.images.front_image1.status).toBe('matched');
    expect(evidence.images.front_image3.status).toBe('not_matched');
    expect(evidence.images.back_image).toMatchObject({ status: 'usable', faces_found: 1 });
    expect(evidence.images.front_image1.similarity).toBeGreaterThan(0.5);
  });

  it('lists warnings only on request, and an empty list if there are no warnings', async () => {
    // The first and the third probe are cut from the same picture.
    const copies = { front_image2: photos.other };

    const asked = await service.post('/compare-faces', request({ ...copies, warnings: true }));
    const silent = await service.post('/compare-faces', request(copies));
    const none = await service.post('/compare-faces', request({ ...noCopies(), warnings: true }));

    expect(asked.body).toEqual({
      user_id: 'u-1',
      matched: true,
      warnings: [
        { image: 'front_image1', code: 'near_identical_to_front_image3' },
        { image: 'front_image3', code: 'near_identical_to_front_image1' },
      ],
    });
    expect(silent.body).toEqual({ user_id: 'u-1', matched: true });
    expect(none.body).toEqual({ user_id: 'u-1', matched: false, warnings: [] });
  });

  it('lists warnings in a job view without a request for them', async () => {
    const { body } = await service.post('/jobs', request({ front_image2: photos.other }));
    const job = await service.get(`/jobs/${body.job_id}`, { prefer: 'wait=30' });

    expect(jobViewSchema.parse(job.body).warnings).toHaveLength(2);
    expect(job.body.result).toEqual({ user_id: 'u-1', matched: true });
  });

  it('applies threshold and min_matches of the request', async () => {
    const strict = await service.post('/compare-faces', request({ threshold: 1 }));
    const lax = await service.post(
      '/compare-faces',
      request({ front_image1: photos.other, threshold: 0.2, min_matches: 3 }),
    );

    expect(strict.body.matched).toBe(false);
    expect(lax.body.matched).toBeTypeOf('boolean');
  });

  it('marks a decision within the review_margin of the request, in the answer and in a job', async () => {
    const { body } = await service.post('/compare-faces', request({ evidence: true }));
    const { front_image1, front_image2, front_image3 } = evidenceSchema.parse(body.evidence).images;
    const similarities = [front_image1, front_image2, front_image3].map(({ similarity = 0 }) => similarity);
    const lowest = Math.min(...similarities);
    const close = request({ min_matches: 3, threshold: lowest - 0.1, review_margin: 0.2 });

    const near = await service.post('/compare-faces', close);
    const far = await service.post('/compare-faces', { ...close, review_margin: 0.01 });
    const accepted = await service.post('/jobs', close);
    const job = await service.get(`/jobs/${accepted.body.job_id}`, { prefer: 'wait=30' });

    expect(near.body).toEqual({ user_id: 'u-1', matched: true, borderline: true });
    expect(far.body).toEqual({ user_id: 'u-1', matched: true });
    expect(job.body.result).toEqual(near.body);
  });

  it('accepts a false match rate instead of a threshold and refuses both together', async () => {
    const rate = { fmr: 1e-5, evidence: true };
    const byRate = await service.post('/compare-faces', request({ ...noCopies(), ...rate }));
    const ofCopies = await service.post('/compare-faces', request(rate));
    const both = await service.post('/compare-faces', request({ fmr: 1e-5, threshold: 0.4 }));
    const unknown = await service.post('/compare-faces', request({ fmr: 1e-9 }));

    expect(evidenceSchema.parse(byRate.body.evidence)).toMatchObject({ threshold: 0.477, fmr: 1e-5 });
    expect(evidenceSchema.parse(ofCopies.body.evidence)).toHaveProperty('threshold', 0.477);
    expect(ofCopies.body.evidence).not.toHaveProperty('fmr');
    expect(both).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
    expect(unknown).toMatchObject({ status: 422, body: { code: 'calibration_unavailable' } });
  });

  it('matches although one photo cannot be judged', async () => {
    const answer = await service.post('/compare-faces', request({ front_image2: photos.faceless }));

    expect(answer.body).toEqual({ user_id: 'u-1', matched: true });
  });

  it('is answered by the first photos that decide, while the host of the last one still hangs', async () => {
    const reference = Buffer.from(await (await fetch(photos.same.back_image)).arrayBuffer());
    let isHungUp = false;
    let beginToHang = (): void => undefined;
    const hangs = new Promise<void>((resolve) => {
      beginToHang = resolve;
    });
    const back_image = images.serve(
      '/when-one-hangs.jpg',
      (_request, response) => void hangs.then(() => response.end(reference)),
    );
    const front_image3 = images.serve('/hanging.jpg', (_request, response) => {
      response.on('close', () => {
        isHungUp = true;
      });
      beginToHang();
    });
    const changes = { user_id: 'hanging', back_image, front_image3 };

    const answer = await service.post('/compare-faces', request(changes));

    expect(answer.body).toEqual({ user_id: 'hanging', matched: true });
    const line = await service.workers[0]?.line(
      ({ msg, request_id: id }) => msg === 'comparison' && id === answer.headers.get('x-request-id'),
    );
    // Neither a timeout nor another failure of that photo was awaited.
    expect(line).toMatchObject({ matched: true, skipped: { front_image3: 'aborted' } });
    expect(line).not.toHaveProperty('unusable');
    await expect.poll(() => isHungUp, { timeout: 60_000 }).toBe(true);
  });

  it('names the photos that it could not judge instead of answering matched: false', async () => {
    const answer = await service.post(
      '/compare-faces',
      request({ front_image1: photos.other, front_image2: photos.faceless }),
    );

    expect(answer.status).toBe(422);
    expect(problemSchema.parse(answer.body)).toMatchObject({
      code: 'face_not_found',
      image: 'front_image2',
      retryable: false,
    });
    expect(answer.body).not.toHaveProperty('evidence');
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('shows all that is known about the photos when it could not tell, if the request asks for evidence', async () => {
    const body = request({ front_image1: photos.other, front_image2: photos.faceless, evidence: true });

    const { body: problem } = await service.post('/compare-faces', body);
    const view = await service.get(`/jobs/${problem.job_id}`);

    const { evidence, detail } = problemSchema.parse(problem);
    expect(evidence?.images).toMatchObject({
      front_image1: { status: 'not_matched' },
      front_image2: { status: 'unusable', code: 'face_not_found' },
      front_image3: { status: 'matched' },
    });
    expect(detail).toMatch(/^front_image2: .* front_image1 does not match, front_image3 matches\./);
    expect(jobViewSchema.parse(view.body).error?.evidence).toEqual(evidence);
  });

  it('answers matched: false when no unjudged photo could change that', async () => {
    const changes = { ...strangers(), front_image2: photos.faceless };

    expect((await service.post('/compare-faces', request(changes))).body).toEqual({
      user_id: 'u-1',
      matched: false,
    });
  });

  it('names the reference if it cannot be judged', async () => {
    const answer = await service.post('/compare-faces', request({ back_image: photos.faceless }));

    expect(answer.body).toMatchObject({ code: 'face_not_found', image: 'back_image' });
  });
});

describe('photos that cannot be used', () => {
  const cases: readonly (readonly [string, (images: ImageServer) => string, number, string])[] = [
    [
      'an HTML page',
      (server) => server.serve('/page.jpg', Buffer.from('<!doctype html><title>Not here</title>')),
      422,
      'image_unsupported',
    ],
    ['an empty body', (server) => server.serve('/empty.jpg', Buffer.alloc(0)), 422, 'image_unsupported'],
    ['a path that is not there', (server) => `${server.origin}/missing.jpg`, 422, 'image_not_available'],
    ['a host that hangs', (server) => server.serve('/hangs.jpg', () => undefined), 502, 'image_fetch_failed'],
    [
      'a host that breaks',
      (server) => server.serve('/breaks.jpg', (_request, response) => response.writeHead(500).end()),
      502,
      'image_fetch_failed',
    ],
    ['a closed port', () => 'http://127.0.0.1:1/photo.jpg', 502, 'image_fetch_failed'],
    [
      'a file over MAX_IMAGE_BYTES',
      (server) => server.serve('/huge.jpg', Buffer.alloc(2_000_001, 0xff)),
      422,
      'image_too_large',
    ],
  ];
  for (const [what, place, status, code] of cases) {
    it(`names the image and the reason for ${what}`, async () => {
      const url = place(images);

      const answer = await service.post('/compare-faces', request({ ...strangers(), back_image: url }));

      expect(answer).toMatchObject({ status, body: { code, image: 'back_image' } });
    });
  }

  it('passes on when a busy host wants to be asked again', async () => {
    const back_image = images.serve('/busy.jpg', (_request, response) =>
      response.writeHead(503, { 'retry-after': '120' }).end(),
    );

    const answer = await service.post('/compare-faces', request({ ...strangers(), back_image }));

    expect(answer).toMatchObject({ status: 502, body: { reason: 'http_503', retryable: true } });
    expect(answer.headers.get('retry-after')).toBe('120');
  });

  it('logs why every attempt failed, as a warning', async () => {
    const back_image = 'http://127.0.0.1:1/photo.jpg';

    const answer = await service.post('/compare-faces', request({ ...strangers(), back_image }));

    const cause = { code: 'image_fetch_failed', reason: 'refused', image: 'back_image' };
    const ended = (line: Record<string, unknown>) =>
      line.msg === 'comparison' && line.job_id === answer.body.job_id;
    expect(await service.workers[0]?.line(ended)).toMatchObject({
      level: 'warn',
      attempt: 2,
      ...cause,
      failed_attempts: [{ attempt: 1, ...cause }],
    });
    expect(answer.body).toMatchObject({ who_acts: 'upstream' });
  });

  it('reports the status with which the image host refused', async () => {
    const back_image = `${images.origin}/missing.jpg`;

    const answer = await service.post('/compare-faces', request({ ...strangers(), back_image }));

    expect(answer.body).toMatchObject({ code: 'image_not_available', reason: 'http_404' });
  });

  it('names a truncated photo', async () => {
    const whole = Buffer.from(await (await fetch(photos.same.back_image)).arrayBuffer());
    const url = images.serve('/truncated.jpg', whole.subarray(0, whole.length / 2));

    const answer = await service.post('/compare-faces', request({ back_image: url }));

    expect(answer).toMatchObject({ status: 422, body: { code: 'image_undecodable', image: 'back_image' } });
  });

  it('still answers the next request', async () => {
    expect((await service.post('/compare-faces', request())).body).toEqual({ user_id: 'u-1', matched: true });
  });
});

describe('asynchronous jobs', () => {
  it('accepts a job, returns its location and gives the result by long poll', async () => {
    const accepted = await service.post('/jobs', request());

    expect(accepted).toMatchObject({ status: 202, body: { status: 'queued' } });
    expect(accepted.headers.get('location')).toBe(accepted.body.status_url);
    const view = await service.get(String(accepted.body.status_url), { prefer: 'wait=20' });
    expect(jobViewSchema.parse(view.body)).toMatchObject({
      status: 'completed',
      user_id: 'u-1',
      attempts: 1,
      result: { user_id: 'u-1', matched: true },
    });
  });

  it('accepts a job with Prefer: respond-async too', async () => {
    const accepted = await service.post('/compare-faces', request(strangers()), { prefer: 'respond-async' });

    expect(accepted.status).toBe(202);
    const view = await service.get(String(accepted.body.status_url), { prefer: 'wait=20' });
    expect(view.body).toMatchObject({ status: 'completed', result: { matched: false } });
  });

  it('shows an undecided comparison as failed with its problem', async () => {
    const accepted = await service.post('/jobs', request({ back_image: photos.faceless }));

    const view = await service.get(String(accepted.body.status_url), { prefer: 'wait=20' });
    expect(view.body).toMatchObject({
      status: 'failed',
      error: { code: 'face_not_found', image: 'back_image' },
    });
    expect(view.body.result).toBeUndefined();
  });

  it('drops the URLs of a job that has ended', async () => {
    const accepted = await service.post('/jobs', request());
    const jobId = String(accepted.body.job_id);
    await service.get(`/jobs/${jobId}`, { prefer: 'wait=20' });

    await expect.poll(() => service.redisText(`{face}:compare-lite:${jobId}`)).not.toContain('probe1.jpg');
  });

  it('answers 404 for a job that never existed', async () => {
    expect(await service.get('/jobs/r_nothing')).toMatchObject({
      status: 404,
      body: { code: 'job_not_found' },
    });
  });

  it('does not cancel a job that has ended', async () => {
    const accepted = await service.post('/jobs', request());
    const path = String(accepted.body.status_url);
    await service.get(path, { prefer: 'wait=20' });

    expect(await service.call(path, { method: 'DELETE' })).toMatchObject({
      status: 409,
      body: { code: 'job_not_cancellable' },
    });
  });

  it('creates one job for two requests under one Idempotency-Key and refuses a third with another body', async () => {
    const headers = { 'idempotency-key': 'order-66' };
    const [first, second] = await Promise.all([
      service.post('/jobs', request(), headers),
      service.post('/jobs', request(), headers),
    ]);
    const sync = await service.post('/compare-faces', request(), headers);
    const other = await service.post('/jobs', request({ user_id: 'u-2' }), headers);

    expect(first.body.job_id).toBe(second.body.job_id);
    expect(sync.body).toEqual({ user_id: 'u-1', matched: true });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_conflict' } });
  });

  it('answers a repeated Idempotency-Key with the current state of its job', async () => {
    const headers = { 'idempotency-key': 'order-67' };
    const first = await service.post('/jobs', request(), headers);
    await service.post('/compare-faces', request(), headers);

    const again = await service.post('/jobs', request(), headers);

    expect(again).toMatchObject({ status: 202, body: { job_id: first.body.job_id, status: 'completed' } });
    expect(again.headers.get('retry-after')).toBeNull();
  });
});

describe('webhooks', () => {
  it('posts a signed result that the standardwebhooks package accepts', async () => {
    const accepted = await service.post('/jobs', request({ callback_url: `${receiver.origin}/done` }));

    const [received] = await receiver.waitFor('/done', 1);

    const body = webhookBodySchema.parse(received && verifyReceived(received, WEBHOOK_SECRET));
    expect(body).toMatchObject({
      type: 'comparison.completed',
      data: { job_id: accepted.body.job_id, status: 'completed', result: { user_id: 'u-1', matched: true } },
    });
    await expect
      .poll(async () => (await service.get(String(accepted.body.status_url))).body)
      .toMatchObject({ callback: { status: 'delivered', attempts: 1 } });
  });

  it('posts a failure as well', async () => {
    await service.post(
      '/jobs',
      request({ back_image: photos.faceless, callback_url: `${receiver.origin}/failed` }),
    );

    const [received] = await receiver.waitFor('/failed', 1);

    expect(received && verifyReceived(received, WEBHOOK_SECRET)).toMatchObject({
      type: 'comparison.failed',
      data: { status: 'failed', error: { code: 'face_not_found', image: 'back_image' } },
    });
  });
});
