import { createHash, randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { type ParsedRequest, parseRequest, type SentBody } from '../../../../src/api/http/parse-request.js';
import { createRequestParser } from '../../../../src/api/http/request-parser.js';
import { IMAGE_NAMES } from '../../../../src/shared/contract/compare-request.js';
import { createPieceCollector } from '../../../../src/shared/uploads/photo-pieces.js';
import { dataUrlOf } from '../../../support/photos/upload-photos.js';
import { ACCEPTABLE } from '../../../support/programs/api.js';

const MAX_INLINE_BYTES = 200_000;

const parser = createRequestParser();
afterAll(parser.close);

const piecesOf = (text: string): readonly Buffer[] => {
  const collector = createPieceCollector();
  collector.add(Buffer.from(text));
  return collector.pieces();
};
const jsonOf = (body: object, mayHaveRef = false): SentBody => ({
  kind: 'json',
  pieces: piecesOf(JSON.stringify(body)),
  mayHaveRef,
});
const photos = IMAGE_NAMES.map((name) => [name, dataUrlOf(randomBytes(MAX_INLINE_BYTES))] as const);
const large = { ...ACCEPTABLE, ...Object.fromEntries(photos), back_image: dataUrlOf(Buffer.alloc(500, 7)) };

/** A request with its photos as digests of their bytes. */
const show = ({ body, ...rest }: ParsedRequest) => ({
  ...rest,
  ...body,
  ...Object.fromEntries(
    IMAGE_NAMES.map((name) => {
      const source = body[name];
      if (source.kind === 'url') return [name, source.url];
      const digest = createHash('sha256');
      for (const piece of source.pieces) digest.update(piece);
      return [name, [source.size, source.sha256, digest.digest('hex')]];
    }),
  ),
});

describe('createRequestParser', () => {
  it('parses a small body at once', async () => {
    const sent = jsonOf(ACCEPTABLE);

    const parsed = await parser.parse(sent, MAX_INLINE_BYTES);

    expect(show(parsed)).toEqual(show(parseRequest(sent, MAX_INLINE_BYTES)));
  });

  it('hands a large body to its thread, which parses it alike', async () => {
    const texts = new Map([['request', piecesOf(JSON.stringify({ ...large, back_image: undefined }))]]);
    const bodies: readonly SentBody[] = [
      jsonOf({ ...large, ref: 'row-1', other: 1 }, true),
      { kind: 'form', texts, files: ['back_image'] },
    ];

    for (const sent of bodies) {
      const expected = show(parseRequest(sent, MAX_INLINE_BYTES));
      const parsed = await parser.parse(sent, MAX_INLINE_BYTES);

      expect(show(parsed)).toEqual(expected);
      const pieces = sent.kind === 'json' ? sent.pieces : [...sent.texts.values()].flat();
      expect(pieces.map(({ length }) => length)).toEqual(pieces.map(() => 0));
    }
  });

  it('refuses a large body as it would refuse a small one', async () => {
    const tooLarge = { ...large, back_image: dataUrlOf(Buffer.alloc(MAX_INLINE_BYTES + 1)) };
    const broken: SentBody = {
      kind: 'json',
      pieces: piecesOf(JSON.stringify(large).slice(1)),
      mayHaveRef: false,
    };

    await expect(parser.parse(jsonOf(tooLarge), MAX_INLINE_BYTES)).rejects.toMatchObject({
      code: 'body_too_large',
      items: [{ field: 'back_image', image: 'back_image' }],
    });
    await expect(parser.parse(jsonOf({ ...large, user_id: '' }), MAX_INLINE_BYTES)).rejects.toMatchObject({
      code: 'invalid_request',
      items: [{ field: 'user_id', detail: 'must not be empty' }],
    });
    await expect(parser.parse(broken, MAX_INLINE_BYTES)).rejects.toMatchObject({
      code: 'invalid_json',
      message: 'The body is not valid JSON.',
    });
  });

  it('fails a body that it cannot hand over, and no program with it when its thread ends', async () => {
    const own = createRequestParser();
    await own.parse(jsonOf(large), MAX_INLINE_BYTES);
    const [piece] = piecesOf('x'.repeat(MAX_INLINE_BYTES)) as [Buffer];
    const twice = Array.from({ length: 3 }, () => piece);

    await expect(
      own.parse({ kind: 'json', pieces: twice, mayHaveRef: false }, MAX_INLINE_BYTES),
    ).rejects.toThrow('duplicate');

    // A rejection that nobody handles would end this test run too.
    await own.close();
  });

  it('fails the bodies whose thread ends, and starts another one', async () => {
    const own = createRequestParser();
    const lost = own.parse(jsonOf(large), MAX_INLINE_BYTES);

    await Promise.all([expect(lost).rejects.toThrow('has ended'), own.close()]);

    expect((await own.parse(jsonOf(large), MAX_INLINE_BYTES)).body.user_id).toBe('u-1');
    await own.close();
  });
});
