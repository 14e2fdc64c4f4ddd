import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { AppContext } from '../../../../src/api/http/app-context.js';
import { errorResponse } from '../../../../src/api/http/error-response.js';
import { readCompareRequest } from '../../../../src/api/http/read-request.js';
import { createRequestParser } from '../../../../src/api/http/request-parser.js';
import { createBodyMemory } from '../../../../src/api/http/upload-limits.js';
import { compareRequestSchema, IMAGE_NAMES } from '../../../../src/shared/contract/compare-request.js';
import { problemSchema } from '../../../../src/shared/contract/problem.js';
import { ACCEPTABLE } from '../../../support/programs/api.js';

const LIMITS = {
  enabled: true,
  maxInlineBytes: 30,
  maxImageBytes: 1_000,
  maxJsonBytes: 10_000_000,
  memory: createBodyMemory(10_000_000),
  parser: createRequestParser(),
};

const app = new Hono<AppContext>();
app.onError((error, context) => errorResponse(context, error));
app.post('/', async (context) => context.json(await readCompareRequest(context, LIMITS)));

async function send(body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return app.request('/', { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Returns what the service says about each field of a refused body. */
async function refusals(body: unknown) {
  const response = await send(body);
  expect(response.status).toBe(422);
  const { errors = [] } = problemSchema.parse(await response.json());
  return errors.map(({ field, code, detail }) => [field, code, detail] as const);
}

/** Returns every sentence about a refused body; none if it is accepted. */
async function sentencesAbout(body: unknown): Promise<string[]> {
  const response = await send(body);
  if (response.ok) return [];
  const { detail, errors = [] } = problemSchema.parse(await response.json());
  return [detail, ...errors.map((error) => error.detail)];
}

/** Words from Zod's own messages about a wrong value. */
const WORDS_OF_ZOD = /invalid (?:input|option|string|key)|too (?:big|small)|expected|received|\bint\b|nan\b/i;

/** ACCEPTABLE as the contract parses it. */
const ACCEPTED = {
  ...ACCEPTABLE,
  ...Object.fromEntries(IMAGE_NAMES.map((name) => [name, { kind: 'url', url: ACCEPTABLE[name] }])),
};

const FIELDS = Object.keys(compareRequestSchema.shape);
const WRONG_VALUES: readonly unknown[] = [
  null,
  true,
  '',
  'text',
  'x'.repeat(3_000),
  'NaN',
  '0.5',
  0,
  -1,
  1.5,
  4,
  1e21,
  2 ** 53,
  [],
  [0.9],
  {},
  { valueOf: 1 },
];

describe('a compressed body', () => {
  const json = Buffer.from(JSON.stringify(ACCEPTABLE));
  const post = (body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    app.request('/', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

  it.each([
    ['gzip', 'The body is compressed with gzip. Send it without Content-Encoding.', gzipSync(json)],
    ['', 'The body is compressed with gzip. Send it without Content-Encoding.', gzipSync(json)],
    ['br', 'The body is compressed. Send it without Content-Encoding.', brotliCompressSync(json)],
    ['gzip', 'The body is compressed. Send it without Content-Encoding.', json],
  ])('is refused and named with Content-Encoding %j: %s', async (encoding, detail, body) => {
    const response = await post(new Uint8Array(body), encoding ? { 'content-encoding': encoding } : {});

    expect([response.status, response.headers.get('accept-encoding')]).toEqual([415, 'identity']);
    expect(await response.json()).toMatchObject({ code: 'unsupported_media_type', detail });
  });

  it.each(['identity', 'Identity', ''])('can name the encoding %j', async (encoding) => {
    expect((await post(new Uint8Array(json), { 'content-encoding': encoding })).status).toBe(200);
  });
});

describe('a data: URL', () => {
  const PHOTO = Buffer.from('not quite 30 bytes of a photo');
  const encoded = PHOTO.toString('base64');

  it.each(['data:image/jpeg;base64,', 'data:;base64,', 'DATA:text/plain;charset=UTF-8;BASE64,'])(
    'that starts with %s is a photo of the bytes in it',
    async (head) => {
      const response = await send({ ...ACCEPTABLE, front_image1: head + encoded });

      const { body } = (await response.json()) as { body: Record<string, unknown> };
      expect(body.front_image1).toEqual({
        kind: 'upload',
        pieces: [PHOTO.toJSON()],
        size: PHOTO.length,
        sha256: createHash('sha256').update(PHOTO).digest('hex'),
      });
    },
  );

  const notBase64 = 'must be valid base64 with its padding, without spaces or line breaks';
  const notEncoded = 'must have its data in base64: data:image/jpeg;base64,…';
  it.each([
    ['data:', notEncoded],
    ['data:image/jpeg,abc', notEncoded],
    ['data:image/svg+xml;utf8,<svg/>', notEncoded],
    [`data:${'x'.repeat(300)};base64,AAAA`, notEncoded],
    ['data:image/jpeg;base64,', 'must not be empty'],
    ['data:image/jpeg;base64,AAA', notBase64],
    ['data:image/jpeg;base64,AA==AAAA', notBase64],
    ['data:image/jpeg;base64,AAAA====', notBase64],
    ['data:image/jpeg;base64,AB==', notBase64],
    ['data:image/jpeg;base64,AA AA', notBase64],
    ['data:image/jpeg;base64,AAAA\n', notBase64],
    ['data:image/jpeg;base64,AA%3D%3D', notBase64],
    ['data:image/jpeg;base64,__--', notBase64],
    ['data:image/jpeg;base64,AAÄA', notBase64],
  ])('%j is refused by the name of its field', async (front_image2, sentence) => {
    expect(await refusals({ ...ACCEPTABLE, front_image2 })).toEqual([
      ['front_image2', 'invalid_request', sentence],
    ]);
  });

  it('with too large a photo is refused with the way to send it', async () => {
    const large = `data:image/jpeg;base64,${Buffer.alloc(31).toString('base64')}`;

    const response = await send({ ...ACCEPTABLE, front_image3: large, back_image: large });

    expect(response.status).toBe(413);
    const detail = 'a data: URL can carry at most 30 bytes; send this photo as a part of multipart/form-data';
    expect(await response.json()).toMatchObject({
      code: 'body_too_large',
      image: 'front_image3',
      detail: `front_image3: ${detail}`,
      errors: [
        { field: 'front_image3', image: 'front_image3', code: 'body_too_large', detail },
        { field: 'back_image', image: 'back_image', code: 'body_too_large', detail },
      ],
    });
  });

  it('of millions of characters is checked for repeated fields like any other', async () => {
    const large = `data:image/jpeg;base64,${'A'.repeat(4_000_000)}`;
    const body = `{"front_image1": "${large}", "front_image1": "${large}"}`;

    const response = await app.request('/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });

    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('a field twice')]);
  });

  it('is never repeated by a refusal', async () => {
    const secret = 'c2VjcmV0LXBob3Rv';
    const bodies = [
      { ...ACCEPTABLE, front_image1: `data:image/jpeg;base64,${secret}%` },
      { ...ACCEPTABLE, front_image1: `data:image/jpeg,${secret}` },
      { ...ACCEPTABLE, user_id: '', back_image: `data:image/jpeg;base64,${secret}` },
      { ...ACCEPTABLE, callback_url: `data:image/jpeg;base64,${secret}`, min_matches: 9 },
      { ...ACCEPTABLE, user_id: `data:image/jpeg;base64,${secret}`.repeat(9) },
      { ...ACCEPTABLE, threshold: `data:image/jpeg;base64,${secret}` },
    ];

    for (const body of bodies) {
      const response = await send(body);
      expect(response.status).toBe(422);
      expect(await response.text()).not.toContain(secret);
    }
  });
});

describe('a refused field', () => {
  const sentences: readonly (readonly [string, unknown, string])[] = [
    ['user_id', undefined, 'is missing'],
    ['user_id', null, `must be text or a whole number from -9007199254740991 to 9007199254740991, not null`],
    ['user_id', '', 'must not be empty'],
    ['user_id', 'x'.repeat(129), 'must have at most 128 characters, not 129'],
    ['front_image1', undefined, 'is missing'],
    ['front_image2', 7, 'must be an http, https or data: URL, not 7'],
    ['back_image', ['https://photos.example.org/1.jpg'], 'must be an http, https or data: URL, not a list'],
    ['back_image', `https://photos.example.org/${'x'.repeat(9_000)}`, 'must have at most'],
    ['threshold', '0.9', 'must be a number from 0 to 1, not text'],
    ['threshold', 2, 'must be a number from 0 to 1, not 2'],
    ['threshold', -0.1, 'must be a number from 0 to 1, not -0.1'],
    ['threshold', {}, 'must be a number from 0 to 1, not an object'],
    ['threshold', null, 'must be a number from 0 to 1, not null'],
    ['fmr', 0, 'must be a number above 0 and below 1, not 0'],
    ['fmr', true, 'must be a number above 0 and below 1, not true'],
    ['min_matches', 1, 'must be 2 or 3, not 1'],
    ['min_matches', '2', 'must be 2 or 3, not text'],
    ['review_margin', 0.21, 'must be a number from 0 to 0.2, not 0.21'],
    ['review_margin', -0.01, 'must be a number from 0 to 0.2, not -0.01'],
    ['review_margin', '0.1', 'must be a number from 0 to 0.2, not text'],
    ['evidence', 'yes', 'must be true or false, not text'],
    ['warnings', 1, 'must be true or false, not 1'],
    ['receipt', 'true', 'must be true or false, not text'],
    ['callback_url', '', 'must not be empty'],
  ];

  it.each(sentences)('says of %s %j: %s', async (field, value, sentence) => {
    expect(await refusals({ ...ACCEPTABLE, [field]: value })).toEqual([
      [field, 'invalid_request', expect.stringContaining(sentence)],
    ]);
  });

  it('never shows a message of the validation library, whatever its value', async () => {
    const bodies = [
      ...WRONG_VALUES,
      ...FIELDS.flatMap((field) => WRONG_VALUES.map((value) => ({ ...ACCEPTABLE, [field]: value }))),
      { threshold: 0.5, fmr: 0.1, ...ACCEPTABLE },
    ];

    for (const body of bodies) expect((await sentencesAbout(body)).join('\n')).not.toMatch(WORDS_OF_ZOD);
  });

  it('never shows a message of the validation library in bodies made by chance', async () => {
    const body = fc.record(
      Object.fromEntries(FIELDS.map((field) => [field, fc.oneof(fc.jsonValue(), fc.double(), fc.string())])),
      { requiredKeys: [] },
    );

    await fc.assert(
      fc.asyncProperty(body, async (sent) => {
        expect((await sentencesAbout(sent)).join('\n')).not.toMatch(WORDS_OF_ZOD);
      }),
      { numRuns: 100 },
    );
  });

  it('is not the whole body: that has a sentence of its own', async () => {
    expect(await refusals([])).toEqual([
      [undefined, 'invalid_request', 'The body must be a JSON object, not a list.'],
    ]);
  });

  it('hides nothing else that is wrong', async () => {
    expect(await refusals({ ...ACCEPTABLE, user_id: undefined, threshold: '1' })).toEqual([
      ['user_id', 'invalid_request', 'is missing'],
      ['threshold', 'invalid_request', 'must be a number from 0 to 1, not text'],
    ]);
  });
});

describe('a field that the contract does not know', () => {
  const misspelt: readonly (readonly [string, string])[] = [
    ['treshold', 'threshold'],
    ['threhsold', 'threshold'],
    ['Threshold', 'threshold'],
    ['thresholds', 'threshold'],
    ['minMatches', 'min_matches'],
    ['min-matches', 'min_matches'],
    ['min_match', 'min_matches'],
    ['userId', 'user_id'],
    ['USER_ID', 'user_id'],
    ['frontImage1', 'front_image1'],
    ['front-image-2', 'front_image2'],
    ['front_img3', 'front_image3'],
    ['back_img', 'back_image'],
    ['FMR', 'fmr'],
    ['frm', 'fmr'],
    ['evidense', 'evidence'],
    ['reviewMargin', 'review_margin'],
    ['reciept', 'receipt'],
    ['warning', 'warnings'],
    ['callbackUrl', 'callback_url'],
    ['callback_uri', 'callback_url'],
  ];

  it.each(misspelt)('is refused if it resembles one that exists: %s', async (field, meant) => {
    const { [meant]: value = 0.9, ...others } = ACCEPTABLE as Record<string, unknown>;

    expect(await refusals({ ...others, [field]: value })).toEqual([
      [field, 'unknown_field', `does not exist; did you mean ${meant}?`],
    ]);
  });

  it('is repeated only to its start, because a name can be as long as four photos', async () => {
    const field = `front_image_1${'_'.repeat(1_000)}`;
    const { front_image1: value, ...others } = ACCEPTABLE as Record<string, unknown>;

    expect(await refusals({ ...others, [field]: value })).toEqual([
      [field.slice(0, 64), 'unknown_field', 'does not exist; did you mean front_image1?'],
    ]);
  });

  it('is refused beside the field that it stands for if only its case or punctuation differ', async () => {
    expect(await refusals({ ...ACCEPTABLE, threshold: 0.9, Threshold: 0.5 })).toEqual([
      ['Threshold', 'unknown_field', 'does not exist; did you mean threshold?'],
    ]);
  });

  const ignored = [
    'lang',
    'metadata',
    'front_image4',
    'image',
    'user',
    'user_ip',
    'residence',
    'accuracy',
    '__proto__',
    '',
  ];

  it.each(ignored)('is ignored and reported if it resembles none: %j', async (field) => {
    const body = JSON.parse(`${JSON.stringify(ACCEPTABLE).slice(0, -1)},${JSON.stringify(field)}:1}`);

    const response = await send(body);

    expect([response.status, await response.json()]).toEqual([
      200,
      { body: ACCEPTED, unknownFields: [field] },
    ]);
  });

  it('is reported in short, however many there are and however long their names', async () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${index}`.repeat(100), 1]));

    const { unknownFields } = (await (await send({ ...ACCEPTABLE, ...many })).json()) as {
      unknownFields: string[];
    };

    expect(unknownFields).toHaveLength(10);
    expect(Math.max(...unknownFields.map((name) => name.length))).toBeLessThanOrEqual(64);
  });
});
