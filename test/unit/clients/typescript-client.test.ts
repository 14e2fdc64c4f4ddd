import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../../../clients/typescript/src/client.js';
import type { FaceVerificationError } from '../../../clients/typescript/src/face-verification-error.js';
import { createProblem } from '../../../src/shared/contract/problem.js';
import { closeServer, listen } from '../../support/servers/listen.js';

type Answer = (response: ServerResponse) => void;
type Received = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly body: Buffer };

/** One answer for each request, in order. */
let answers: Answer[];
let received: Received[];
let origin: string;
let server: Server;
// One for each test, since an aborted request can still arrive after its test.
beforeEach(async () => {
  answers = [];
  received = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      received.push({ method, url, headers, body: Buffer.concat(chunks) });
      (answers.shift() ?? cut)(response);
    });
  });
  origin = `http://127.0.0.1:${await listen(server)}`;
});
afterEach(() => closeServer(server));

const send =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
const cut: Answer = (response) => void response.destroy();
const silence: Answer = () => undefined;
const matched = send(200, { user_id: '42', matched: true });

const url = 'https://photos.example.com/1.jpg';
const urls = { front_image1: url, front_image2: url, front_image3: url, back_image: url };
const failureOf = (promise: Promise<unknown>): Promise<FaceVerificationError> =>
  promise.then(
    () => expect.fail('it succeeded'),
    (error: FaceVerificationError) => error,
  );

describe('a client in TypeScript', () => {
  it('sends photos by URL as JSON, with its key, below the path of the service', async () => {
    answers = [matched];
    const client = createClient(`${origin}/faces/`, { apiKey: 'secret' });

    const result = await client.compare({ user_id: '42', ...urls, threshold: 0.4 });

    expect(result).toEqual({ user_id: '42', matched: true });
    expect(received[0]).toMatchObject({
      url: '/faces/compare-faces',
      headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
    });
    expect(JSON.parse(String(received[0]?.body))).toEqual({ user_id: '42', ...urls, threshold: 0.4 });
  });

  it('sends bytes, streams and files as parts, and never reads a file that a text names', async () => {
    answers = [matched];
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('three');
    }

    await createClient(origin).compare({
      user_id: 42,
      front_image1: Buffer.from('one'),
      front_image2: new Blob(['two']).stream(),
      front_image3: chunks(),
      back_image: { path: fileURLToPath(new URL('../../fixtures/loopback-cert.pem', import.meta.url)) },
      min_matches: 3,
    });
    answers = [matched];
    await createClient(origin).compare({ user_id: 42, ...urls, back_image: '/etc/hostname' });

    const { headers, body } = received[0] ?? expect.fail('nothing came');
    const form = await new Response(new Uint8Array(body), {
      headers: { 'content-type': String(headers['content-type']) },
    }).formData();
    const texts = [...form].map(async ([name, value]) => [
      name,
      typeof value === 'string' ? JSON.parse(value) : await value.text(),
    ]);
    expect(Object.fromEntries(await Promise.all(texts))).toEqual({
      request: { user_id: 42, min_matches: 3 },
      front_image1: 'one',
      front_image2: 'two',
      front_image3: 'three',
      back_image: expect.stringContaining('BEGIN CERTIFICATE'),
    });
    expect(JSON.parse(String(received[1]?.body))).toMatchObject({ back_image: '/etc/hostname' });
  });

  it('repeats after a broken connection and an overload, under one Idempotency-Key', async () => {
    answers = [cut, send(503, createProblem('overloaded')), matched];

    await createClient(origin).compare({ user_id: '42', ...urls });

    const keys = received.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\w-]{36}$/);
  });

  it('gives up at once if Retry-After asks for more time than the call has', async () => {
    answers = [send(429, createProblem('rate_limited'), { 'retry-after': '3600' })];

    const error = await failureOf(createClient(origin).job('r_1'));

    expect(error).toMatchObject({
      code: 'rate_limited',
      status: 429,
      retryable: true,
      retryAfterMs: 3_600_000,
    });
    expect(received).toHaveLength(1);
  });

  it('reports a refusal by code, photo and field, and does not repeat it', async () => {
    const problem = {
      ...createProblem('face_not_found', { image: 'front_image2', reason: 'covered' }),
      request_id: 'q-1',
    };
    answers = [send(422, problem)];

    const error = await failureOf(createClient(origin).compare({ user_id: '42', ...urls }));

    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      code: 'face_not_found',
      image: 'front_image2',
      reason: 'covered',
      requestId: 'q-1',
      problem,
    });
    expect(error.message).toContain('face_not_found: ');
    expect(received).toHaveLength(1);
  });

  it('polls the job of a comparison that takes longer than the service waits', async () => {
    const job = { job_id: 'r_1', status: 'completed', result: { user_id: '42', matched: false } };
    answers = [send(504, { ...createProblem('wait_timeout'), job_id: 'r_1' }), send(200, job)];

    const result = await createClient(origin).compare({ user_id: '42', ...urls });

    expect(result).toEqual(job.result);
    expect(received[1]).toMatchObject({ url: '/jobs/r_1', headers: { prefer: 'wait=25' } });
  });

  it('says that a failed job of such a comparison failed, and why', async () => {
    const job = { job_id: 'r_1', status: 'failed', error: createProblem('low_quality') };
    answers = [send(504, { ...createProblem('wait_timeout'), job_id: 'r_1' }), send(200, job)];

    const error = await failureOf(createClient(origin).compare({ user_id: '42', ...urls }));

    expect(error).toMatchObject({ code: 'low_quality', jobId: 'r_1' });
  });

  it('ends at its time limit and when the caller aborts', async () => {
    answers = [silence, silence];
    const client = createClient(origin, { timeoutMs: 60_000 });
    const stop = new AbortController();

    const late = await failureOf(client.compare({ user_id: '42', ...urls }, { timeoutMs: 20 }));
    const aborted = failureOf(client.wait('r_1', { signal: stop.signal }));
    stop.abort(new Error('enough'));

    expect(late.code).toBe('timed_out');
    expect((await aborted).message).toBe('enough');
  });

  it('submits a batch, waits for it and returns its jobs', async () => {
    const jobs = [{ job_id: 'b_1-1', ref: 'row-1' }, { job_id: 'b_1-2' }];
    answers = [
      send(202, { batch_id: 'b_1', total: 2 }),
      send(200, { batch_id: 'b_1', status: 'completed' }),
      send(200, jobs.map((job) => `${JSON.stringify(job)}\n`).join('')),
    ];
    const lines = [
      { user_id: 1, ...urls, ref: 'row-1' },
      { user_id: 2, ...urls, back_image: Buffer.from('photo') },
    ];

    const result = await createClient(origin).batch(lines, { callbackUrl: 'https://example.com/done' });

    expect(result).toEqual(jobs);
    expect(received.map((request) => request.url)).toEqual([
      '/batches',
      '/batches/b_1',
      '/batches/b_1/results',
    ]);
    expect(received[0]?.headers).toMatchObject({ 'callback-url': 'https://example.com/done' });
    const sent = String(received[0]?.body)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(sent).toEqual([
      lines[0],
      { ...lines[1], back_image: 'data:application/octet-stream;base64,cGhvdG8=' },
    ]);
  });

  it('says which job or batch has not ended in time', async () => {
    answers = [send(200, { job_id: 'r_1', status: 'active' }), silence];

    const error = await failureOf(createClient(origin).wait('r_1', { timeoutMs: 300 }));

    answers = [silence, silence, silence];
    const other = await failureOf(createClient(origin).waitForBatch('b_1', { timeoutMs: 20 }));

    expect(error).toMatchObject({ code: 'timed_out', jobId: 'r_1' });
    expect(other).toMatchObject({ code: 'timed_out', batchId: 'b_1' });
  });

  it('takes no page of a proxy for an answer', async () => {
    answers = [send(200, '<html>'), send(404, '<html>')];

    const first = await failureOf(createClient(origin).job('r_1'));
    const second = await failureOf(createClient(origin).cancel('r_1'));

    expect([first.code, second.code]).toEqual(['unexpected_answer', 'unexpected_answer']);
    expect(second).toMatchObject({ status: 404, retryable: false });
  });
});
