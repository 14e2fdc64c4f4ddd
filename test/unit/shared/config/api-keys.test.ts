import { describe, expect, it } from 'vitest';
import { createKeyIndex, parseApiKeys } from '../../../../src/shared/config/api-keys.js';

const ALICE = 'alice-0123456789abcdef';
const BOB = 'bob-0123456789abcdef01';

const namesOf = (text: string): string[] => parseApiKeys(text).keys.map(({ name }) => name);

describe('parseApiKeys', () => {
  it('reads names and keys from one line or several, with blanks and empty entries between', () => {
    expect(namesOf(`alice:${ALICE},bob:${BOB}`)).toEqual(['alice', 'bob']);
    expect(namesOf(`\n alice:${ALICE} ,,\r\n\tbob:${BOB}\n\n`)).toEqual(['alice', 'bob']);
    expect(namesOf('')).toEqual([]);
  });

  it('keeps several keys of one name, and each only once', () => {
    expect(namesOf(`alice:${ALICE},alice:${BOB},alice:${ALICE}`)).toEqual(['alice', 'alice']);
  });

  it('takes everything after the first colon for the key', () => {
    const { keys } = parseApiKeys('alice:abc:def:0123456789');

    expect(createKeyIndex(keys)('abc:def:0123456789', 0)?.name).toBe('alice');
  });

  it.each([
    ['a key without a name', ALICE],
    ['an empty name', `:${ALICE}`],
    ['a name with a blank', `al ice:${ALICE}`],
    ['a name that could be taken for another kind of tenant', `admin%3Aops:${ALICE}`],
    ['a name of 65 characters', `${'x'.repeat(65)}:${ALICE}`],
    ['a key of 15 characters', 'alice:123456789012345'],
    ['no key', 'alice:'],
    ['the name of callers without a key', `anonymous:${ALICE}`],
    ['one key of two names', `alice:${ALICE},bob:${ALICE}`],
  ])('says what is wrong with %s and never shows the key', (_, text) => {
    const { problems } = parseApiKeys(text);

    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain(ALICE);
  });

  it('holds no key in memory, only digests', () => {
    expect(JSON.stringify(parseApiKeys(`alice:${ALICE}`))).not.toContain(ALICE);
  });
});

describe('createKeyIndex', () => {
  const { keys } = parseApiKeys(`alice:${ALICE},bob:${BOB}`);

  it('finds each key and nothing that is only near to one', () => {
    const find = createKeyIndex(keys);

    expect(find(BOB, 0)?.name).toBe('bob');
    for (const near of [BOB.slice(0, -1), `${BOB} `, ` ${BOB}`, BOB.toUpperCase(), `bob:${BOB}`, 'bob', ''])
      expect(find(near, 0)).toBeUndefined();
  });

  it('finds nothing among no keys', () => {
    expect(createKeyIndex([])(ALICE, 0)).toBeUndefined();
  });

  it('finds a key until it expires', () => {
    const find = createKeyIndex(keys.map((key) => ({ ...key, expiresAt: 1_000 })));

    expect(find(BOB, 999)?.name).toBe('bob');
    expect(find(BOB, 1_000)).toBeUndefined();
  });
});
