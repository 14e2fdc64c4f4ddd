import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  createReceiptKeys,
  findSigningKey,
  parseReceiptKeys,
} from '../../../../src/shared/receipts/receipt-keys.js';

/** The key of RFC 8037, appendix A, and its thumbprint there. */
const PUBLIC = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const PRIVATE = { ...PUBLIC, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' };
const KID = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k';

const parse = (...keys: readonly unknown[]) => parseReceiptKeys(JSON.stringify({ keys }));
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const otherX = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x;

describe('parseReceiptKeys', () => {
  it('publishes the public half under the thumbprint of RFC 7638, whatever kid the entry has', () => {
    const { keys, problems } = parse({ ...PRIVATE, kid: 'mine', alg: 'Ed25519' });

    expect(problems).toEqual([]);
    expect(keys[0]?.published).toEqual({ ...PUBLIC, kid: KID, alg: 'EdDSA', use: 'sig' });
    expect(findSigningKey(keys)?.privateKey.type).toBe('private');
  });

  it('takes a key that is only public to verify with, and signs with the first that is private', () => {
    const [created] = parseReceiptKeys(createReceiptKeys()).keys;
    const { keys } = parse(PUBLIC, JSON.parse(createReceiptKeys()).keys[0]);

    expect(created?.privateKey).toBeDefined();
    expect(findSigningKey(keys)?.published.kid).toBe(keys[1]?.published.kid);
    expect(findSigningKey(parse(PUBLIC).keys)).toBeUndefined();
  });

  it.each([
    ['no JSON', 'whsec_abc', 'must be a JSON Web Key Set'],
    ['a key without a set', JSON.stringify(PRIVATE), 'must be a JSON Web Key Set'],
    ['an empty set', '{"keys":[]}', 'must be a JSON Web Key Set'],
    ['a key of another curve', JSON.stringify({ keys: [ecKey] }), 'key 1 must be an Ed25519 key'],
    ['a short x', JSON.stringify({ keys: [{ ...PUBLIC, x: 'AAAA' }] }), 'key 1 must be an Ed25519 key'],
    ['a short d', JSON.stringify({ keys: [{ ...PRIVATE, d: 'AAAA' }] }), 'key 1 must be an Ed25519 key'],
    ['halves of two keys', JSON.stringify({ keys: [{ ...PRIVATE, x: otherX }] }), 'x does not belong to d'],
    ['a key twice', JSON.stringify({ keys: [PRIVATE, PUBLIC] }), 'key 2 repeats another key'],
  ])('refuses %s and quotes nothing of it', (_what, text, problem) => {
    const { problems } = parseReceiptKeys(text);

    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join()).not.toContain(PRIVATE.d.slice(0, 8));
  });
});

describe('createReceiptKeys', () => {
  it('puts a new private key before the public halves of the earlier ones', async () => {
    const first = createReceiptKeys();
    const second = createReceiptKeys(parseReceiptKeys(first).keys);

    const { keys, problems } = parseReceiptKeys(second);
    expect(problems).toEqual([]);
    expect(keys.map(({ privateKey }) => privateKey !== undefined)).toEqual([true, false]);
    expect(keys[1]?.published).toEqual(parseReceiptKeys(first).keys[0]?.published);
    expect(second).not.toContain(JSON.parse(first).keys[0].d);
    const newKey = JSON.parse(second).keys[0];
    expect(newKey.kid).toBe(await calculateJwkThumbprint(newKey));
  });
});
