import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../../src/api/http/parse-json.js';

const parse = async (text: string) => parseJson(Buffer.from(text));
const fields = (count: number) =>
  `{${Array.from({ length: count }, (_, index) => `"field${index}":0`).join()}}`;

describe('a body', () => {
  it('has one value for each field', async () => {
    expect(await parse('{"a":1,"b":[{"a":2},{"a":3}]}')).toEqual({ a: 1, b: [{ a: 2 }, { a: 3 }] });
    await expect(parse('{"a":1,"\\u0061":2}')).rejects.toThrow('twice');
  });

  it('can have ten thousand fields, as many as one of 64 kB without photos, and no more', async () => {
    expect(await parse(fields(9_999))).toMatchObject({ field0: 0, field9998: 0 });
    for (const text of [fields(10_000), `[${'[],'.repeat(10_000)}0]`])
      await expect(parse(text)).rejects.toThrow(expect.objectContaining({ code: 'invalid_json' }));
  });

  it('can have a photo with every slash escaped, as PHP writes it, but not millions of escapes', async () => {
    const escaped = (count: number) => `{"back_image":"${'\\/'.repeat(count)}"}`;

    expect(await parse(escaped(500_000))).toEqual({ back_image: '/'.repeat(500_000) });
    await expect(parse(escaped(6_000_000))).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_json' }),
    );
  });
});
