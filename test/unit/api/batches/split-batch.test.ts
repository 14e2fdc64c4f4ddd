import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BatchElement,
  type BatchSplitter,
  createArraySplitter,
  createLineSplitter,
} from '../../../../src/api/batches/split-batch.js';

const MAX_BYTES = 1_000;

/** Feeds a body in chunks of these lengths, the last one of the rest, and returns all elements. */
function split(splitter: BatchSplitter, body: string, chunkLengths: readonly number[] = []): BatchElement[] {
  const bytes = Buffer.from(body);
  const elements: BatchElement[] = [];
  let start = 0;
  for (const length of [...chunkLengths, bytes.length]) {
    elements.push(...splitter.push(bytes.subarray(start, start + length)));
    start = Math.min(bytes.length, start + length);
  }
  return [...elements, ...splitter.end()];
}

const linesOf = (body: string, chunks?: readonly number[]) =>
  split(createLineSplitter(MAX_BYTES), body, chunks).map(toText);
const arrayOf = (body: string, chunks?: readonly number[]) =>
  split(createArraySplitter(MAX_BYTES), body, chunks).map(toText);

function toText({ line, bytes }: BatchElement): readonly [number, string | undefined] {
  return [line, bytes && Buffer.from(bytes).toString()];
}

describe('the lines of NDJSON', () => {
  it('are counted with the blank ones, which hold no request', () => {
    expect(linesOf('\uFEFF{"a":1}\r\n\n  \n{"b":2}')).toEqual([
      [1, '\uFEFF{"a":1}\r'],
      [4, '{"b":2}'],
    ]);
  });

  it('need no newline at the end and may have several', () => {
    expect(linesOf('1\n2')).toEqual(linesOf('1\n2\n\n\n'));
    expect(linesOf('\n \r\n')).toEqual([]);
    expect(linesOf('')).toEqual([]);
  });

  it('lose their content, but not their place, when they are too long', () => {
    expect(linesOf(`1\n${'x'.repeat(MAX_BYTES + 1)}\n3`)).toEqual([
      [1, '1'],
      [2, undefined],
      [3, '3'],
    ]);
    expect(linesOf('x'.repeat(MAX_BYTES))).toEqual([[1, 'x'.repeat(MAX_BYTES)]]);
  });
});

describe('the elements of a JSON array', () => {
  it('end at commas outside text, objects and lists', () => {
    expect(arrayOf(' [{"a":"],\\"}[","b":[1,{"c":2}]}, "x,y" ,3] \n')).toEqual([
      [1, '{"a":"],\\"}[","b":[1,{"c":2}]}'],
      [2, ' "x,y" '],
      [3, '3'],
    ]);
  });

  it('may be none, but a comma promises one on both sides', () => {
    expect(arrayOf('[]')).toEqual([]);
    expect(arrayOf('[ \n ]')).toEqual([]);
    expect(arrayOf('[1,]')).toEqual([
      [1, '1'],
      [2, ''],
    ]);
    expect(arrayOf('[,]')).toEqual([
      [1, ''],
      [2, ''],
    ]);
  });

  it.each(['', ' ', '{}', '1', '[1', '[1] 2', '[1][2]', '["a]', '{"a":[1]}'])(
    'are refused where the body is not one array: %j',
    (body) => {
      expect(() => arrayOf(body)).toThrow(expect.objectContaining({ code: 'invalid_json' }));
    },
  );
});

describe('any list of JSON values', () => {
  const values = fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 });
  const chunks = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });

  it('comes out as it went in, however the body is cut and spaced', () => {
    fc.assert(
      fc.property(values, chunks, fc.constantFrom(undefined, 1, 4), (list, lengths, indent) => {
        const texts = list.map((value) => JSON.stringify(value));
        const unlimited = Number.POSITIVE_INFINITY;
        const parse = ({ bytes }: BatchElement): unknown => JSON.parse(Buffer.from(bytes ?? []).toString());

        const lines = split(createLineSplitter(unlimited), texts.join('\n'), lengths);
        const array = split(createArraySplitter(unlimited), JSON.stringify(list, null, indent), lengths);

        const sent = JSON.parse(JSON.stringify(list));
        expect(lines.map(parse)).toEqual(sent);
        expect(array.map(parse)).toEqual(sent);
      }),
    );
  });
});
