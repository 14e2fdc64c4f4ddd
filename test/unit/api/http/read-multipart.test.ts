import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { AppContext } from '../../../../src/api/http/app-context.js';
import { errorResponse } from '../../../../src/api/http/error-response.js';
import { readCompareRequest } from '../../../../src/api/http/read-request.js';
import { createRequestParser } from '../../../../src/api/http/request-parser.js';
import { createBodyMemory } from '../../../../src/api/http/upload-limits.js';
import { problemSchema } from '../../../../src/shared/contract/problem.js';
import {
  BOUNDARY,
  encodePart,
  FORM_TYPE,
  type FormPart,
  multipart,
  photoPart,
  textPart,
} from '../../../support/builders/multipart.js';
import { ACCEPTABLE } from '../../../support/programs/api.js';

const MAX_IMAGE_BYTES = 200_000;
const MEMORY_BYTES = 1_000_000;
const LIMITS = {
  enabled: true,
  maxInlineBytes: 30,
  maxImageBytes: MAX_IMAGE_BYTES,
  maxJsonBytes: 5_000,
  memory: createBodyMemory(MEMORY_BYTES),
  parser: createRequestParser(),
};

function appWith(limits: typeof LIMITS) {
  const app = new Hono<AppContext>();
  app.onError((error, context) => errorResponse(context, error));
  app.post('/', async (context) => {
    const { body, ...rest } = await readCompareRequest(context, limits);
    const shown = Object.entries(body).map(([name, value]) =>
      typeof value === 'object' && value.kind === 'upload'
        ? [name, { bytes: value.size, sha256: value.sha256 }]
        : [name, value],
    );
    return context.json({ body: Object.fromEntries(shown), ...rest });
  });
  return app;
}

const app = appWith(LIMITS);

const send = (body: Uint8Array, type = FORM_TYPE, to = app) =>
  to.request('/', { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) });

const photo = (seed: number, length = 1_000): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => (index * 31 + seed) % 256));
const sent = (bytes: Buffer) => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

const PHOTOS = {
  front_image1: photo(1),
  front_image2: photo(2),
  front_image3: photo(3),
  back_image: photo(4, MAX_IMAGE_BYTES),
};
const photoParts = (names = Object.keys(PHOTOS)): FormPart[] =>
  names.map((name) => photoPart(name, PHOTOS[name as keyof typeof PHOTOS]));
const FRONTS = ['front_image1', 'front_image2', 'front_image3'];
const USER = textPart('user_id', 'u-1');
const UPLOADED = Object.fromEntries(Object.entries(PHOTOS).map(([name, bytes]) => [name, sent(bytes)]));
const URLS = Object.fromEntries(
  Object.keys(PHOTOS).map((name) => [name, { kind: 'url', url: ACCEPTABLE[name as 'back_image'] }]),
);

describe('a form', () => {
  const forms: readonly (readonly [string, readonly FormPart[], Record<string, unknown>])[] = [
    ['of four photos', [USER, ...photoParts()], { user_id: 'u-1', ...UPLOADED }],
    ['in any order', [...photoParts().reverse(), USER], { user_id: 'u-1', ...UPLOADED }],
    [
      'with photos that have a type and no file name',
      [USER, ...photoParts().map(({ fileName: _none, ...part }) => part)],
      { user_id: 'u-1', ...UPLOADED },
    ],
    [
      'with a URL and a data: URL among the photos',
      [
        USER,
        ...photoParts(['front_image1', 'front_image2']),
        textPart('front_image3', 'data:image/jpeg;base64,AAAA'),
        textPart('back_image', ACCEPTABLE.back_image),
      ],
      { user_id: 'u-1', ...UPLOADED, front_image3: sent(Buffer.alloc(3)), back_image: URLS.back_image },
    ],
    [
      'of texts alone',
      Object.entries(ACCEPTABLE).map(([name, text]) => textPart(name, text)),
      { user_id: 'u-1', ...URLS },
    ],
    [
      'with numbers and booleans',
      [
        USER,
        ...photoParts(),
        textPart('threshold', '0.45'),
        textPart('min_matches', '3'),
        textPart('evidence', 'true'),
        textPart('warnings', 'false'),
      ],
      { user_id: 'u-1', ...UPLOADED, threshold: 0.45, min_matches: 3, evidence: true, warnings: false },
    ],
    [
      'with a user_id of digits, which stays text',
      [textPart('user_id', '42'), ...photoParts()],
      { user_id: '42', ...UPLOADED },
    ],
    [
      'with the other fields as JSON',
      [
        { name: 'request', type: 'application/json', body: '{"user_id": 42, "evidence": true}' },
        ...photoParts(),
      ],
      { user_id: 42, evidence: true, ...UPLOADED },
    ],
    [
      'with JSON from a file, some photos and a text',
      [
        ...photoParts(FRONTS),
        textPart('threshold', '1'),
        {
          name: 'request',
          fileName: 'x.json',
          body: JSON.stringify({ user_id: 1, back_image: 'https://a/1' }),
        },
      ],
      { user_id: 1, threshold: 1, ...UPLOADED, back_image: { kind: 'url', url: 'https://a/1' } },
    ],
  ];

  it.each(forms)('%s is read', async (_what, parts, body) => {
    const response = await send(multipart(parts));

    expect(await response.json()).toEqual({ body, unknownFields: [] });
  });

  it('is read whatever the size of its chunks', async () => {
    const whole = multipart([
      USER,
      ...photoParts(FRONTS),
      photoPart('back_image', `\r\n--${BOUNDARY.slice(0, -1)}\r\n--\r\n`),
    ]);

    for (const size of [1, 7, 1_000]) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
        whole.subarray(index * size, (index + 1) * size),
      );
      const body = ReadableStream.from(chunks) as ReadableStream<Uint8Array>;
      const headers = { 'content-type': FORM_TYPE };
      const response = await app.request('/', {
        method: 'POST',
        headers,
        body,
        duplex: 'half',
      } as RequestInit);

      expect(response.status).toBe(200);
    }
  });

  it('reports parts that the contract does not know', async () => {
    const response = await send(multipart([USER, ...photoParts(), textPart('nickname', 'x')]));

    expect(await response.json()).toMatchObject({ unknownFields: ['nickname'] });
  });
});

const LARGE = Buffer.alloc(MAX_IMAGE_BYTES + 1);
const incomplete = 'The body is not complete multipart/form-data.';
const whole = multipart([USER, ...photoParts(FRONTS), photoPart('back_image', 'x')]);

type Refusal = readonly [code: string, status: number, field: string | undefined, detail: string];
const refused: readonly (readonly [string, Uint8Array, Refusal])[] = [
  [
    'a photo of one byte too many',
    multipart([USER, ...photoParts(FRONTS), photoPart('back_image', LARGE)]),
    ['body_too_large', 413, 'back_image', 'must have at most 200000 bytes'],
  ],
  [
    'a text of one byte too many',
    multipart([textPart('user_id', 'x'.repeat(5_001)), ...photoParts()]),
    ['body_too_large', 413, 'user_id', 'must have at most 5000 bytes'],
  ],
  [
    'the data: URL of a large photo',
    multipart([USER, ...photoParts(FRONTS), textPart('back_image', `data:;base64,${'A'.repeat(44)}`)]),
    [
      'body_too_large',
      413,
      'back_image',
      'a data: URL can carry at most 30 bytes; send this photo as a part of multipart/form-data',
    ],
  ],
  [
    'a file under a wrong name',
    multipart([USER, ...photoParts(FRONTS), photoPart('back_images', 'x')]),
    [
      'unknown_field',
      422,
      'back_images',
      'cannot be a file; the parts for photos are front_image1, front_image2, front_image3, back_image',
    ],
  ],
  [
    'a fifth photo',
    multipart([USER, ...photoParts(), photoPart('front_image4', 'x')]),
    [
      'unknown_field',
      422,
      'front_image4',
      'cannot be a file; the parts for photos are front_image1, front_image2, front_image3, back_image',
    ],
  ],
  [
    'a text that resembles a field',
    multipart([USER, ...photoParts(), textPart('treshold', '0.9')]),
    ['unknown_field', 422, 'treshold', 'does not exist; did you mean threshold?'],
  ],
  [
    'a photo twice',
    multipart([USER, ...photoParts(), photoPart('front_image2', 'x')]),
    ['invalid_request', 422, 'front_image2', 'is there twice'],
  ],
  [
    'a text twice',
    multipart([USER, textPart('threshold', '0.9'), ...photoParts(), textPart('threshold', '0.2')]),
    ['invalid_request', 422, 'threshold', 'is there twice'],
  ],
  [
    'a photo beside its URL in JSON',
    multipart([textPart('request', JSON.stringify(ACCEPTABLE)), photoPart('back_image', 'x')]),
    ['invalid_request', 422, 'back_image', 'is there twice'],
  ],
  [
    'a text beside the same field in JSON',
    multipart([textPart('request', '{"user_id": 1}'), USER, ...photoParts()]),
    ['invalid_request', 422, 'user_id', 'is there twice'],
  ],
  [
    'a missing photo',
    multipart([USER, ...photoParts(FRONTS)]),
    ['invalid_request', 422, 'back_image', 'is missing'],
  ],
  [
    'a file input that was left empty',
    multipart([USER, ...photoParts(FRONTS), { ...photoPart('back_image', ''), fileName: '' }]),
    ['invalid_request', 422, 'back_image', 'must not be empty'],
  ],
  [
    'a photo as a text',
    multipart([USER, ...photoParts(FRONTS), { name: 'back_image', body: photo(5, 9_000) }]),
    ['body_too_large', 413, 'back_image', 'must have at most 5000 bytes'],
  ],
  [
    'a wrong number',
    multipart([USER, ...photoParts(), textPart('threshold', '0,5')]),
    ['invalid_request', 422, 'threshold', 'must be a number from 0 to 1, not text'],
  ],
  [
    'a boolean in other words',
    multipart([USER, ...photoParts(), textPart('evidence', 'yes')]),
    ['invalid_request', 422, 'evidence', 'must be true or false, not text'],
  ],
  [
    'a text that is not UTF-8',
    multipart([{ name: 'user_id', body: Buffer.of(0x75, 0xff) }, ...photoParts()]),
    ['invalid_request', 422, 'user_id', 'is not UTF-8'],
  ],
  [
    'a photo in base64',
    multipart([
      USER,
      ...photoParts(FRONTS),
      { ...photoPart('back_image', 'AAAA'), headers: ['Content-Transfer-Encoding: base64'] },
    ]),
    ['invalid_request', 422, 'back_image', 'must have no Content-Transfer-Encoding'],
  ],
  [
    'a part without a name',
    multipart([USER, ...photoParts(), { fileName: 'x.jpg', body: 'x' }]),
    ['invalid_request', 422, undefined, 'Every part needs a name in its Content-Disposition.'],
  ],
  [
    'a thousand empty parts',
    multipart([
      ...Array.from({ length: 1_000 }, (_, index) => textPart(`x${index}`, '')),
      USER,
      ...photoParts(),
    ]),
    ['invalid_request', 422, undefined, 'The body has more than 40 parts.'],
  ],
  [
    'wrong JSON',
    multipart([textPart('request', '{'), ...photoParts()]),
    ['invalid_json', 400, undefined, 'The body is not valid JSON.'],
  ],
  [
    'JSON that is no object',
    multipart([textPart('request', '[]'), ...photoParts()]),
    ['invalid_request', 422, undefined, 'The body must be a JSON object, not a list.'],
  ],
  ['nothing', Buffer.alloc(0), ['invalid_request', 422, undefined, incomplete]],
  ['a form that ends in a photo', whole.subarray(0, -20), ['invalid_request', 422, undefined, incomplete]],
  [
    'a form that ends in a header',
    encodePart(USER).subarray(0, 40),
    ['invalid_request', 422, undefined, incomplete],
  ],
  [
    'a form that the parser never ends',
    Buffer.from(
      `\r\n--${BOUNDARY}--${BOUNDARY}\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n--${BOUNDARY}--`,
    ),
    ['invalid_request', 422, undefined, incomplete],
  ],
  ['no form at all', Buffer.from('user_id=u-1'), ['invalid_request', 422, undefined, incomplete]],
];

describe('a form is refused', () => {
  it.each(refused)('with %s', async (_what, body, [code, status, field, detail]) => {
    const response = await send(body);

    const problem = problemSchema.parse(await response.json());
    const [first] = problem.errors ?? [];
    expect([problem.code, response.status]).toEqual([code, status]);
    if (field === undefined) expect(problem.detail).toBe(detail);
    else expect([first?.field, first?.detail]).toEqual([field, detail]);
  });

  it('without a boundary', async () => {
    const response = await send(whole, 'multipart/form-data; x=y');

    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ code: 'unsupported_media_type' });
  });

  it('with photos where they are accepted as URLs only', async () => {
    const closed = appWith({ ...LIMITS, enabled: false });

    const response = await send(whole, FORM_TYPE, closed);

    expect(await response.json()).toMatchObject({ code: 'uploads_disabled', image: 'front_image1' });
  });

  it('by its announced size, before it is read', async () => {
    const headers = { 'content-type': FORM_TYPE, 'content-length': '99999999' };
    let wasRead = false;
    const pull = () => {
      wasRead = true;
    };
    const body = new ReadableStream({ pull }, { highWaterMark: 0 });

    const response = await app.request('/', { method: 'POST', headers, body, duplex: 'half' } as RequestInit);

    expect([response.status, response.headers.get('connection'), wasRead]).toEqual([413, 'close', false]);
  });

  it('when its size exceeds all limits together, although no size was announced', async () => {
    let size = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        size += 10_000;
        controller.enqueue(Buffer.alloc(10_000));
      },
    });
    const headers = { 'content-type': FORM_TYPE };

    const response = await app.request('/', { method: 'POST', headers, body, duplex: 'half' } as RequestInit);

    expect(response.status).toBe(413);
    // The rest is dropped up to a limit, so that the sender can read the answer.
    expect(size).toBeLessThan(70_000_000);
  });

  it('while others take all the memory for uploads, and accepted again after them', async () => {
    const taken = MEMORY_BYTES - 100_000;
    LIMITS.memory.take(taken);
    const form = multipart([USER, ...photoParts()]);

    const refusal = await send(form);
    const small = await send(whole);
    LIMITS.memory.release(taken);
    const accepted = await send(form);

    expect([refusal.status, refusal.headers.get('retry-after'), small.status]).toEqual([503, '2', 200]);
    expect(await refusal.json()).toMatchObject({ code: 'overloaded', retryable: true });
    expect(accepted.status).toBe(200);
    // Nothing of all those requests is still counted.
    LIMITS.memory.take(MEMORY_BYTES);
    LIMITS.memory.release(MEMORY_BYTES);
  });
});

describe('any bytes', () => {
  it('are answered, and never by a fault of this service', async () => {
    const damage = fc.record({
      at: fc.nat(whole.length),
      remove: fc.nat(60),
      insert: fc.constantFrom(
        '',
        '\r\n',
        '--',
        `\r\n--${BOUNDARY}`,
        `--${BOUNDARY}--`,
        '\0',
        ':',
        '"',
        '; name="x"',
      ),
    });

    await fc.assert(
      fc.asyncProperty(fc.array(damage, { maxLength: 3 }), async (damages) => {
        const bytes = damages.reduce(
          (form, { at, remove, insert }) =>
            Buffer.concat([form.subarray(0, at), Buffer.from(insert), form.subarray(at + remove)]),
          whole,
        );

        expect((await send(bytes)).status).toBeLessThan(500);
      }),
      { numRuns: 500 },
    );
  });
});
