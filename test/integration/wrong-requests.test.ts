import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../../src/shared/contract/problem.js';
import { readSample } from '../support/programs/document-sample.js';
import { type Program, serviceEnvironment, startProgram } from '../support/programs/service.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

let redis: RedisServer;
let api: Program;
let origin: string;

beforeAll(async () => {
  redis = await startRedis();
  api = startProgram('api', serviceEnvironment(redis.url));
  origin = `http://127.0.0.1:${(await api.line((line) => line.msg === 'listening')).port}`;
  await api.line((line) => line.msg === 'Redis is ready');
});

afterAll(async () => {
  await api?.stop();
  await redis?.stop();
});

const GOOD: Readonly<Record<string, unknown>> = {
  user_id: 'u-1',
  front_image1: 'https://photos.example.org/1.jpg',
  front_image2: 'https://photos.example.org/2.jpg',
  front_image3: 'https://photos.example.org/3.jpg',
  back_image: 'https://photos.example.org/0.jpg',
};
const text = (changes: Record<string, unknown>): string => JSON.stringify({ ...GOOD, ...changes });
const without = (field: string): string => JSON.stringify({ ...GOOD, [field]: undefined });

async function send(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${origin}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    problem: problemSchema.parse(await response.json()),
  };
}

describe('the log line of a refused request', () => {
  it('names the code and holds no stack frames', async () => {
    const headers = { 'x-request-id': 'refused-1' };
    await send(text({ back_image: 'http://10.0.0.1/0.jpg' }), headers);
    await send('{', { 'x-request-id': 'refused-2' });

    const forbidden = await api.line((line) => line.request_id === 'refused-1');
    const broken = await api.line((line) => line.request_id === 'refused-2');

    expect(forbidden).toMatchObject({ status: 422, code: 'image_url_forbidden' });
    expect(broken).toMatchObject({ status: 400, code: 'invalid_json' });
    for (const line of [forbidden, broken]) {
      expect(line).not.toHaveProperty('err');
      expect(JSON.stringify(line)).not.toContain('    at ');
      expect(JSON.stringify(line)).not.toContain('.ts:');
    }
  });
});

describe('a wrong request is refused with its reason', () => {
  const cases: readonly (readonly [string, string, number, string, string?])[] = [
    ['broken JSON', '{"user_id": ', 400, 'invalid_json'],
    ['NaN as text of a number', `${text({}).slice(0, -1)}, "threshold": NaN}`, 400, 'invalid_json'],
    ['an empty body', '', 400, 'invalid_json'],
    ['a hundred thousand brackets', '['.repeat(60_000), 400, 'invalid_json'],
    ['an array', '[]', 422, 'invalid_request'],
    ['a missing user_id', without('user_id'), 422, 'invalid_request', 'user_id'],
    ['a missing reference', without('back_image'), 422, 'invalid_request', 'back_image'],
    ['an empty user_id', text({ user_id: '' }), 422, 'invalid_request', 'user_id'],
    ['a user_id of 129 characters', text({ user_id: 'x'.repeat(129) }), 422, 'invalid_request', 'user_id'],
    ['a user_id that is no integer', text({ user_id: 1.5 }), 422, 'invalid_request', 'user_id'],
    ['threshold -1', text({ threshold: -1 }), 422, 'invalid_request', 'threshold'],
    ['threshold 1.5', text({ threshold: 1.5 }), 422, 'invalid_request', 'threshold'],
    ['a threshold under the floor', text({ threshold: 0.19 }), 422, 'invalid_request', 'threshold'],
    ['threshold 0', text({ threshold: 0 }), 422, 'invalid_request', 'threshold'],
    ['threshold "0.5"', text({ threshold: '0.5' }), 422, 'invalid_request', 'threshold'],
    ['threshold null', text({ threshold: null }), 422, 'invalid_request', 'threshold'],
    ['threshold "NaN"', text({ threshold: 'NaN' }), 422, 'invalid_request', 'threshold'],
    ['threshold 1e309', `${text({}).slice(0, -1)}, "threshold": 1e309}`, 422, 'invalid_request', 'threshold'],
    ['threshold []', text({ threshold: [] }), 422, 'invalid_request', 'threshold'],
    ['min_matches 1', text({ min_matches: 1 }), 422, 'invalid_request', 'min_matches'],
    ['min_matches 4', text({ min_matches: 4 }), 422, 'invalid_request', 'min_matches'],
    ['min_matches 2.5', text({ min_matches: 2.5 }), 422, 'invalid_request', 'min_matches'],
    ['min_matches "2"', text({ min_matches: '2' }), 422, 'invalid_request', 'min_matches'],
    ['receipt without a key to sign with', text({ receipt: true }), 422, 'receipts_disabled', 'receipt'],
    [
      'a URL without scheme',
      text({ front_image1: 'photos.example.org/1.jpg' }),
      422,
      'invalid_request',
      'front_image1',
    ],
    [
      'an ftp URL',
      text({ front_image2: 'ftp://photos.example.org/1.jpg' }),
      422,
      'image_url_forbidden',
      'front_image2',
    ],
    [
      'a URL of 8,193 characters',
      text({ back_image: `https://photos.example.org/${'x'.repeat(8_166)}` }),
      422,
      'invalid_request',
      'back_image',
    ],
    [
      'a data: URL where photos are accepted as URLs only',
      text({ front_image3: 'data:image/jpeg;base64,AAAA' }),
      422,
      'uploads_disabled',
      'front_image3',
    ],
    [
      'a private address',
      text({ back_image: 'http://10.0.0.1/x.jpg' }),
      422,
      'image_url_forbidden',
      'back_image',
    ],
    [
      'a private callback',
      text({ callback_url: 'http://169.254.169.254/' }),
      422,
      'image_url_forbidden',
      'callback_url',
    ],
  ];
  for (const [what, body, status, code, field] of cases) {
    it(`refuses ${what}`, async () => {
      const answer = await send(body);

      expect(answer).toMatchObject({ status, problem: { status, code, retryable: false } });
      expect(answer.type).toContain('application/problem+json');
      if (field) expect(answer.problem.errors?.[0]).toMatchObject({ field });
      expect(answer.problem.request_id).toBeTruthy();
    });
  }

  it('lists every wrong field at once and names the images among them', async () => {
    const { problem } = await send(text({ threshold: 2, front_image1: 7, back_image: '' }));

    expect(problem.errors?.map((error) => error.field)).toEqual(['front_image1', 'back_image', 'threshold']);
    expect(problem.image).toBe('front_image1');
  });

  it('refuses a body of five megabytes without reading it', async () => {
    // Announced but never sent: a client that sends it could see the closed connection before it reads the answer.
    const headers = { 'content-type': 'application/json', 'content-length': '5000000' };
    const sender = request(`${origin}/jobs`, { method: 'POST', headers });
    sender.flushHeaders();
    const [answer] = (await once(sender, 'response')) as [IncomingMessage];

    const problem = problemSchema.parse(await json(answer));

    expect([answer.statusCode, problem.code]).toEqual([413, 'body_too_large']);
    sender.destroy();
  });

  it('answers the next request of a client whose body was too large', async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const large = await fetch(`${origin}/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `"${'x'.repeat(200_000)}"`,
      });
      await large.text();

      expect([large.status, large.headers.get('connection')]).toEqual([413, 'close']);
      expect((await send(text({ threshold: 2 }))).status).toBe(422);
    }
  });

  it('refuses other content types', async () => {
    expect(await send(text({}), { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      problem: { code: 'unsupported_media_type' },
    });
  });

  it('refuses an Idempotency-Key of 256 characters', async () => {
    expect(await send(text({}), { 'idempotency-key': 'k'.repeat(256) })).toMatchObject({
      status: 422,
      problem: { code: 'invalid_request' },
    });
  });

  it.each(['', 'two words', 'k, k', 'caf\u00e9', '\u00ff'])(
    'refuses the Idempotency-Key %j and names the header',
    async (key) => {
      const answer = await send(text({}), { 'idempotency-key': key });

      expect(answer).toMatchObject({ status: 422, problem: { code: 'invalid_request' } });
      expect(answer.problem.errors?.[0]).toMatchObject({ field: 'Idempotency-Key' });
    },
  );

  it('distinguishes an unknown path from a wrong method', async () => {
    const unknown = await fetch(`${origin}/nothing`);
    const wrong = await fetch(`${origin}/compare-faces`);

    expect([unknown.status, wrong.status]).toEqual([404, 405]);
    expect(wrong.headers.get('allow')).toContain('POST');
    expect(problemSchema.parse(await wrong.json()).code).toBe('method_not_allowed');
  });

  it('keeps a good request id and replaces a bad one', async () => {
    const good = await fetch(`${origin}/health`, { headers: { 'x-request-id': 'trace-7' } });
    const bad = await fetch(`${origin}/health`, { headers: { 'x-request-id': 'a b{}' } });
    const long = await fetch(`${origin}/health`, { headers: { 'x-request-id': 'x'.repeat(129) } });

    expect(good.headers.get('x-request-id')).toBe('trace-7');
    expect(bad.headers.get('x-request-id')).toMatch(/^[\w=-]+$/);
    expect(long.headers.get('x-request-id')).toMatch(/^[\w=-]{1,128}$/);
  });

  it('stays alive without a worker and is not ready', async () => {
    expect((await fetch(`${origin}/health`)).status).toBe(200);
    expect((await fetch(`${origin}/health/ready`)).status).toBe(503);
  });
});

describe('the error body of docs/migration.md', () => {
  it('is what a request without a reference and with a threshold as text gets', async () => {
    const place = { path: 'docs/migration.md', language: 'json', mark: '"who_acts"' };
    const shown = problemSchema.parse(JSON.parse(readSample(place, {})));

    const { status, problem } = await send(text({ back_image: undefined, threshold: '0.5' }), {
      'x-request-id': shown.request_id ?? '',
    });

    expect(problem).toEqual(shown);
    expect(status).toBe(shown.status);
  });
});
