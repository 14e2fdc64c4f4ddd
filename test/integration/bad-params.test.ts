import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../../src/shared/contract/problem.js';
import { readJsonLines } from '../support/fuzz/jsonl.js';
import { samePersonPhotos } from '../support/photos/photos.js';
import { ACCEPTABLE, type Api, startApi } from '../support/programs/api.js';
import { startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

const ALICE = { authorization: 'Bearer alice-0123456789abcdef' };
const BOB = { authorization: 'Bearer bob-0123456789abcdef01' };

interface Asked {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The expected answer to a line of the list. Values in 0..1 are accepted even if the list would refuse them. */
interface Case extends Asked {
  readonly outcome: string;
}

/** The acceptable request with this JSON text after its last field. */
const plus = (text: string): string => `${JSON.stringify(ACCEPTABLE).slice(0, -1)},${text}}`;
const set = (changes: Record<string, unknown>): string => JSON.stringify({ ...ACCEPTABLE, ...changes });
const invalid = (body: string): Case => ({ body, outcome: '422 invalid_request' });
const broken = (body: string): Case => ({ body, outcome: '400 invalid_json' });
const taken = (body: string): Case => ({ body, outcome: '202' });
const threshold = (text: string): string => plus(`"threshold":${text}`);

const CASES: Readonly<Record<string, readonly Case[]>> = {
  P01: [broken(threshold('NaN')), broken(threshold('Infinity')), broken(threshold('.5'))],
  P04: [invalid(threshold('-1')), invalid(threshold('-1e-300')), invalid(threshold('-1e400'))],
  P05: [invalid(threshold('-0')), invalid(threshold('-0.0'))],
  P06: [
    ...['0', '1e-400', '1e-9', '0.19999999999999998'].map((text) => invalid(threshold(text))),
    ...['0.2', '1'].map((text) => taken(threshold(text))),
  ],
  P07: [invalid(threshold('1.0000001')), invalid(threshold('1.0000000000000002'))],
  P08: [invalid(threshold('2')), invalid(threshold('1e309')), invalid(threshold('9007199254740993'))],
  P09: [invalid(threshold('"0.9"')), invalid(threshold('"0x1"')), invalid(threshold('true'))],
  P11: [invalid(threshold('[]'))],
  P12: [invalid(threshold('[0.9]')), invalid(threshold('[[0.9]]'))],
  P13: [invalid(threshold('{}')), invalid(threshold('{"valueOf":0.9}')), invalid(threshold('null'))],
  P15: [invalid(threshold('""')), invalid(threshold('" "'))],
  P16: [invalid(threshold('"NaN"'))],
  P18: [
    broken(plus('"threshold":0.9,"threshold":0')),
    broken(plus('"threshold":0.9,"thr\\u0065shold":0')),
    broken(plus('"unknown":{"a":[{"b":1,"c":{},"b":2}]}')),
    taken(plus('"unknown":{"user_id":[{"user_id":1},{"user_id":1}]},"text":"{\\"a\\":1,\\"a\\":2}"')),
  ],
  P19: [
    invalid('{"__proto__":{"threshold":0}}'),
    invalid(`{"__proto__":${JSON.stringify(ACCEPTABLE)}}`),
    taken(plus('"__proto__":{"threshold":-1}')),
  ],
  P20: [invalid('{"constructor":{"prototype":{}}}'), taken(plus('"constructor":{"prototype":{"x":1}}'))],
  P21: [
    { body: '['.repeat(100_000), outcome: '413 body_too_large' },
    broken('['.repeat(65_536)),
    broken(`${'{"a":'.repeat(10_000)}1`),
  ],
  P24: [
    { ...taken(set({})), headers: { 'content-type': 'text/plain' }, outcome: '415 unsupported_media_type' },
    { ...taken(set({})), headers: { 'content-type': '' }, outcome: '415 unsupported_media_type' },
    {
      ...taken(set({})),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      outcome: '415 unsupported_media_type',
    },
    { ...invalid(set({})), headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  ],
  P25: [
    invalid('{"user_id":"u-1"}'),
    invalid('{"user_id":"u-1","images":[]}'),
    invalid(set({ front_image1: [] })),
    invalid(set({ front_image1: Array(1_000).fill(ACCEPTABLE.front_image1) })),
    taken(plus(Array.from({ length: 1_000 }, (_, index) => `"front_image${index + 4}":"x"`).join(','))),
  ],
};

/** Lines that have their own test below. */
const OWN_TESTS = ['P26', 'P27', 'P30', 'P31', 'P32', 'P33'];

let api: Api;

beforeAll(async () => {
  api = await startApi({
    API_KEYS: 'alice:alice-0123456789abcdef,bob:bob-0123456789abcdef01',
    ADMIN_API_KEYS: 'ops:admin-0123456789abcdef',
    // As in production: no private address is allowed.
    ALLOWED_PRIVATE_HOSTS: '',
  });
});

afterAll(() => api?.stop());

interface Told {
  readonly outcome: string;
  readonly jobId: string;
}

async function call(path: string, init: RequestInit): Promise<Told> {
  const response = await fetch(`${api.origin}${path}`, init);
  const text = await response.text();
  if (response.ok) return { outcome: String(response.status), jobId: String(JSON.parse(text).job_id) };
  const problem = problemSchema.parse(JSON.parse(text));
  // No internals: no file path, no stack frame, no name of a library.
  expect(text).not.toMatch(/node_modules|\.ts\b|\bat \w+ \(|ioredis|bullmq|zod/i);
  return { outcome: `${response.status} ${problem.code}`, jobId: '' };
}

const post = ({ body, headers = {} }: Asked): Promise<Told> =>
  call('/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...ALICE, ...headers },
    body: Buffer.from(body),
  });

describe('the list of bad parameters', () => {
  const lines = readJsonLines<{ id: string; field: string; value: unknown }>('bad-params.jsonl');

  it('has a case for every line', () => {
    expect(Object.keys(CASES).concat(OWN_TESTS).sort()).toEqual(lines.map((line) => line.id).sort());
  });

  const rows = lines.flatMap(({ id, field }) =>
    (CASES[id] ?? []).map((one, index) => ({ id: `${id}.${index + 1}`, field, ...one })),
  );

  it.each(rows)('answers $id, $field, with $outcome', async (row) => {
    expect((await post(row)).outcome).toBe(row.outcome);
  });

  it('refuses every bad URL as an image and as a callback (P27)', async () => {
    const urls = readJsonLines<{ url: string; refuse_at: string | null }>('bad-urls.jsonl').filter(
      ({ refuse_at }) => refuse_at === 'url',
    );

    const outcomes = await Promise.all(
      urls.flatMap(({ url }) => [
        post({ body: set({ back_image: url }) }),
        post({ body: set({ callback_url: url }) }),
      ]),
    );

    expect(outcomes).toHaveLength(urls.length * 2);
    for (const { outcome } of outcomes)
      expect(outcome).toMatch(/^422 (image_url_forbidden|invalid_request|uploads_disabled)$/);
  });

  it('returns the running job for a repeated Idempotency-Key and refuses the key with another body (P30, P31)', async () => {
    const headers = { 'idempotency-key': 'order-1' };

    const first = await post({ body: set({}), headers });
    const again = await post({ body: set({}), headers });
    const other = await post({ body: set({ threshold: 0.9 }), headers });

    expect([first.outcome, again, other.outcome]).toEqual(['202', first, '422 idempotency_conflict']);
  });

  it('separates equal Idempotency-Keys of two API keys (P32)', async () => {
    const headers = { 'idempotency-key': 'order-2' };

    const alice = await post({ body: set({}), headers });
    const bob = await post({ body: set({ threshold: 0.9 }), headers: { ...headers, ...BOB } });

    expect([alice.outcome, bob.outcome]).toEqual(['202', '202']);
    expect(bob.jobId).not.toBe(alice.jobId);
  });

  it('finds a job only by its id, and not by another key of the queue (P33)', async () => {
    const { jobId } = await post({ body: set({}) });
    const odd = [
      '..%2f..',
      '%00',
      'x'.repeat(10_000),
      '%ff',
      `${jobId}:lock`,
      `${jobId}%00`,
      jobId.toUpperCase(),
      ...[
        'meta',
        'id',
        'events',
        'wait',
        'prioritized',
        'completed',
        'marker',
        'pc',
        'constructor',
        '__proto__',
      ],
    ];

    const foreign = await Promise.all(
      [jobId, ...odd].flatMap((id) =>
        ['GET', 'DELETE'].map((method) => call(`/jobs/${id}`, { method, headers: BOB })),
      ),
    );
    const replayed = await Promise.all(
      odd.map((id) =>
        call(`/webhooks/${id}/retry`, { method: 'POST', headers: { 'x-api-key': 'admin-0123456789abcdef' } }),
      ),
    );

    expect(new Set(foreign.map(({ outcome }) => outcome))).toEqual(new Set(['404 job_not_found']));
    expect(new Set(replayed.map(({ outcome }) => outcome))).toEqual(new Set(['404 webhook_not_found']));
    expect((await call(`/jobs/${jobId}`, { headers: ALICE })).outcome).toBe('200');
  });
});

describe('parameters beyond the list', () => {
  const userIds: readonly (readonly [string, string])[] = [
    ['128 characters', JSON.stringify('x'.repeat(128))],
    ['64 characters outside of the basic plane', JSON.stringify('😀'.repeat(64))],
    ['control characters', '"a\\u0000\\n\\u001b[31m\\u202e"'],
    ['a path', '"../../etc/passwd"'],
    ['a name of a prototype', '"__proto__"'],
    ['a negative integer', '-5'],
    ['the largest integer', '9007199254740991'],
    ['an integer in another notation', '1.5e1'],
  ];

  it.each(userIds)('accepts a user_id of %s and returns it unchanged', async (_, text) => {
    const { outcome, jobId } = await post({ body: plus(`"x":0`).replace('"u-1"', text) });

    expect(outcome).toBe('202');
    const view = await (await fetch(`${api.origin}/jobs/${jobId}`, { headers: ALICE })).json();
    expect(view).toMatchObject({ job_id: jobId, user_id: JSON.parse(text) });
  });

  const wrong: readonly (readonly [string, Case])[] = [
    ['a user_id of 129 characters', invalid(set({ user_id: 'x'.repeat(129) }))],
    ['a user_id of half a character', invalid(set({}).replace('u-1', '\\ud800'))],
    ['a user_id that no path can name', invalid(set({ user_id: '..' }))],
    ['a user_id beyond exact integers', invalid(set({}).replace('"u-1"', '9007199254740993'))],
    ['a user_id beyond all numbers', invalid(set({}).replace('"u-1"', '1e400'))],
    ['a user_id with a fraction', invalid(set({ user_id: 1.5 }))],
    ['a user_id that is true', invalid(set({ user_id: true }))],
    ['a user_id in a list', invalid(set({ user_id: ['u-1'] }))],
    ['min_matches 2.0000001', invalid(set({ min_matches: 2.0000001 }))],
    ['min_matches in a list', invalid(set({ min_matches: [2] }))],
    ['min_matches 1e400', invalid(plus('"min_matches":1e400'))],
    ['evidence "true"', invalid(set({ evidence: 'true' }))],
    ['evidence 1', invalid(set({ evidence: 1 }))],
    ['fmr 0', invalid(set({ fmr: 0 }))],
    ['fmr 1', invalid(set({ fmr: 1 }))],
    ['fmr "0.001"', invalid(set({ fmr: '0.001' }))],
    ['fmr beside a threshold', invalid(set({ fmr: 0.001, threshold: 0.5 }))],
    ['an image that is an object', invalid(set({ back_image: { href: ACCEPTABLE.back_image } }))],
    ['an image that is null', invalid(set({ back_image: null }))],
    ['a callback that is empty', invalid(set({ callback_url: '' }))],
    ['a body that is text', invalid(JSON.stringify(set({})))],
    ['a body that is null', invalid('null')],
    ['a body that is a number', invalid('1e400')],
    ['two bodies', broken(set({}) + set({}))],
    ['a comment in the body', broken(`${set({})}// ok`)],
    ['a trailing comma', broken(`${set({}).slice(0, -1)},}`)],
  ];

  it.each(wrong)('refuses %s', async (_, { body, outcome }) => {
    expect((await post({ body })).outcome).toBe(outcome);
  });

  it('refuses a body that is not UTF-8, whatever it says in other encodings', async () => {
    const utf16 = Buffer.from(`\ufeff${set({})}`, 'utf16le');
    const latin1 = Buffer.from(set({ user_id: 'Zoë' }), 'latin1');

    for (const body of [utf16, latin1]) {
      const headers = { 'content-type': 'application/json; charset=utf-16', ...ALICE };
      expect((await call('/jobs', { method: 'POST', headers, body })).outcome).toBe('400 invalid_json');
    }
  });
});

describe('one photo in place of three', () => {
  let images: ImageServer;

  beforeAll(async () => {
    images = await startImageServer();
  });

  afterAll(() => images?.stop());

  it('is refused if duplicates are, and never matches (P26)', async () => {
    const [reference, front] = await samePersonPhotos();
    const service = await startService({ env: { DUPLICATE_IMAGE_POLICY: 'reject' } });
    const url = images.serve('/front.jpg', front ?? Buffer.alloc(0));
    const back_image = images.serve('/back.jpg', reference ?? Buffer.alloc(0));
    const fronts = { front_image1: url, front_image2: url, front_image3: url };

    const answer = await service.post('/compare-faces', { user_id: 'u-1', ...fronts, back_image });

    await service.stop();
    expect(answer).toMatchObject({ status: 422, body: { code: 'duplicate_image' } });
    expect(answer.body.matched).toBeUndefined();
  });
});
