import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchViewSchema } from '../../src/shared/contract/batch-view.js';
import { problemSchema } from '../../src/shared/contract/problem.js';
import { ACCEPTABLE, type Api, startApi } from '../support/programs/api.js';

const NDJSON = { 'content-type': 'application/x-ndjson' };

let api: Api;
let redis: Redis;

beforeAll(async () => {
  api = await startApi();
  redis = new Redis(api.redis.url);
});

afterAll(async () => {
  redis?.disconnect();
  await api?.stop();
});

function send(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${api.origin}/batches`, { method: 'POST', headers: { ...NDJSON, ...headers }, body });
}

describe('a batch of a thousand requests', () => {
  it('is accepted as a whole and read in its order', async () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => ({ ...ACCEPTABLE, ref: `row-${index}` }));
    const accepted = await send(JSON.stringify(lines), { 'content-type': 'application/json' });
    const { status_url: url } = (await accepted.json()) as { status_url: string };
    const results = await (await fetch(`${api.origin}${url}/results`)).text();
    const ended = await (await fetch(`${api.origin}${url}/results?ended=true`)).text();
    const view = await fetch(`${api.origin}${url}`);

    expect(accepted.status).toBe(202);
    const refs = results
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { ref: string }).ref);
    expect(refs).toEqual(lines.map(({ ref }) => ref));
    expect(ended).toBe('');
    expect(batchViewSchema.parse(await view.json())).toMatchObject({
      status: 'running',
      counts: { queued: 1_000, active: 0, completed: 0, failed: 0, cancelled: 0, removed: 0 },
    });
    expect((await fetch(`${api.origin}${url}/results?ended=maybe`)).status).toBe(422);
  });
});

describe('a batch with wrong lines', () => {
  const good = JSON.stringify(ACCEPTABLE);
  const wrong = (changes: Readonly<Record<string, unknown>>): string =>
    JSON.stringify({ ...ACCEPTABLE, ...changes });
  const refuse = async (
    body: string | Uint8Array<ArrayBuffer>,
    headers?: Readonly<Record<string, string>>,
  ) => {
    const keys = await redis.dbsize();
    const answer = await send(body, headers);
    expect(await redis.dbsize()).toBe(keys);
    return { status: answer.status, problem: problemSchema.parse(await answer.json()) };
  };

  it('is refused with every wrong line, its field and the reason, and nothing is queued', async () => {
    const body = [
      good,
      '',
      '{"user_id": ',
      wrong({ back_image: 'http://10.0.0.1/x.jpg' }),
      wrong({ threshold: '0.5', front_image2: 7 }),
      good,
      wrong({ treshold: 0.5 }),
      '[]',
      wrong({ ref: 'r'.repeat(129) }),
      wrong({ ref: 7 }),
      `{"user_id":"a","user_id":"b"}`,
      wrong({ fmr: 1e-9 }),
      wrong({ user_id: 'x'.repeat(70_000) }),
    ].join('\r\n');

    const { status, problem } = await refuse(body);

    expect([status, problem.code, problem.retryable]).toEqual([422, 'invalid_batch', false]);
    expect(problem.detail).toContain('10 of 12');
    expect(problem.errors?.map(({ line, field, code }) => [line, field, code])).toEqual([
      [3, undefined, 'invalid_json'],
      [4, 'back_image', 'image_url_forbidden'],
      [5, 'front_image2', 'invalid_request'],
      [5, 'threshold', 'invalid_request'],
      [7, 'treshold', 'unknown_field'],
      [8, undefined, 'invalid_request'],
      [9, 'ref', 'invalid_request'],
      [10, 'ref', 'invalid_request'],
      [11, undefined, 'invalid_json'],
      [12, undefined, 'calibration_unavailable'],
      [13, undefined, 'body_too_large'],
    ]);
    expect(problem).not.toHaveProperty('image');
  });

  it('counts the elements of an array as lines', async () => {
    const { problem } = await refuse(`[${good}, {}, ${good},]`, { 'content-type': 'application/json' });

    expect(problem.errors?.[0]).toMatchObject({ line: 2, field: 'user_id' });
    expect(problem.errors?.at(-1)).toMatchObject({ line: 4, code: 'invalid_json' });
  });

  it('names a line that is not UTF-8', async () => {
    const { problem } = await refuse(
      Buffer.concat([Buffer.from(`${good}\n`), Buffer.from([0x22, 0xff, 0x22])]),
    );

    expect(problem.errors).toMatchObject([{ line: 2, code: 'invalid_json' }]);
  });

  it('lists at most a hundred reasons', async () => {
    const { problem } = await refuse('{}\n'.repeat(300));

    expect(problem.errors).toHaveLength(100);
    expect(problem.detail).toContain('300 of 300');
  });

  const whole: readonly (readonly [string, string, Record<string, string>, number, string])[] = [
    ['nothing', '', {}, 422, 'invalid_batch'],
    ['blank lines alone', '\n \r\n\n', {}, 422, 'invalid_batch'],
    ['an empty array', '[]', { 'content-type': 'application/json' }, 422, 'invalid_batch'],
    ['1,001 lines', `${good}\n`.repeat(1_001), {}, 422, 'invalid_batch'],
    ['one object as JSON', good, { 'content-type': 'application/json' }, 400, 'invalid_json'],
    ['a truncated array', `[${good}`, { 'content-type': 'application/json' }, 400, 'invalid_json'],
    ['another type', good, { 'content-type': 'text/csv' }, 415, 'unsupported_media_type'],
    ['a compressed body', good, { 'content-encoding': 'gzip' }, 415, 'unsupported_media_type'],
    ['a private callback', good, { 'callback-url': 'http://10.0.0.1/' }, 422, 'image_url_forbidden'],
    ['a callback that is no URL', good, { 'callback-url': 'me' }, 422, 'invalid_request'],
    ['a key with spaces', good, { 'idempotency-key': 'a b' }, 422, 'invalid_request'],
  ];
  for (const [what, body, headers, status, code] of whole) {
    it(`is refused: ${what}`, async () => {
      const refused = await refuse(body, headers);

      expect([refused.status, refused.problem.code]).toEqual([status, code]);
    });
  }

  it('is refused before it is sent if it is larger than the service accepts', async () => {
    const headers = { ...NDJSON, 'content-length': '33554433' };
    const sender = request(`${api.origin}/batches`, { method: 'POST', headers });
    sender.flushHeaders();
    const [answer] = (await once(sender, 'response')) as [IncomingMessage];

    const problem = problemSchema.parse(await json(answer));

    expect([answer.statusCode, problem.code]).toEqual([413, 'body_too_large']);
    sender.destroy();
  });

  it('is refused while it is sent once it is larger than that, and the service continues', async () => {
    const sender = request(`${api.origin}/batches`, { method: 'POST', headers: NDJSON });
    const answered = once(sender, 'response') as Promise<[IncomingMessage]>;
    // The connection may be cut before the answer is read.
    sender.on('error', () => undefined);
    for (let sent = 0; sent <= 33_554_432; sent += 1_048_576) sender.write(' '.repeat(1_048_576));
    const status = await answered.then(
      ([answer]) => answer.statusCode,
      () => 'cut',
    );
    sender.destroy();

    expect([413, 'cut']).toContain(status);
    expect((await send(good)).status).toBe(202);
  });
});
