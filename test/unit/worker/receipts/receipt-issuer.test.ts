import { createPublicKey, hash, verify } from 'node:crypto';
import { compactVerify, createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { type Receipt, receiptSchema } from '../../../../src/shared/contract/receipt.js';
import {
  createReceiptKeys,
  findSigningKey,
  parseReceiptKeys,
  type SigningKey,
} from '../../../../src/shared/receipts/receipt-keys.js';
import {
  createReceiptIssuer,
  type JudgedComparison,
  type ReceiptSettings,
} from '../../../../src/worker/receipts/receipt-issuer.js';
import { FACELESS, judgeComparison, UNFETCHED } from '../../../support/builders/judged-comparison.js';

const { keys } = parseReceiptKeys(createReceiptKeys());
const key = findSigningKey(keys) as SigningKey;
const jwks = { keys: keys.map(({ published }) => ({ ...published })) };
const keySet = createLocalJWKSet(jwks);
const publicKeys = new Map(
  jwks.keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })] as const),
);
const PHOTOS = { front_image1: '0.9', front_image2: '0.7', front_image3: '0.3', back_image: 'reference' };
const CALIBRATION = {
  dataset: 'LFW',
  non_mated_pairs: 29_600_000,
  mated_pairs: 3_000,
  date: '2026-11-20',
  source: 'docs/accuracy.md',
  points: [{ fmr: 1e-5, threshold: 0.477 }],
};

function issue(comparison: JudgedComparison, changes: Partial<ReceiptSettings> = {}): Promise<string> {
  const issueReceipt = createReceiptIssuer({
    key,
    hashesUserId: false,
    calibration: CALIBRATION,
    service: { name: 'face-verification-service', version: '0.1.0' },
    now: () => Date.UTC(2026, 10, 28, 12),
    ...changes,
  });
  return issueReceipt(comparison);
}

const openWithJose = async (receipt: string): Promise<Receipt> => {
  const { payload } = await compactVerify(receipt, keySet);
  return receiptSchema.parse(JSON.parse(Buffer.from(payload).toString()));
};

/** A second implementation: RFC 7515 and 8037 with OpenSSL's Ed25519. @throws Error if the receipt is not genuine. */
function openWithNode(receipt: string): unknown {
  const [header = '', payload = '', signature = '', ...more] = receipt.split('.');
  const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const publicKey = publicKeys.get(kid);
  if (!publicKey || alg !== 'EdDSA' || more.length > 0) throw new Error('not a receipt of this key');
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify(null, signed, publicKey, Buffer.from(signature, 'base64url'))) throw new Error('forged');
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}

describe('a receipt', () => {
  it('says what was decided, by which model and on which bytes', async () => {
    const comparison = await judgeComparison(PHOTOS, { user_id: 42, tenant: 'shop', review_margin: 0.2 });

    const receipt = await openWithJose(await issue(comparison));

    const digestOf = (name: keyof typeof PHOTOS) => hash('sha256', PHOTOS[name]);
    expect(receipt).toEqual({
      v: 1,
      job_id: 'r_1',
      request_id: 'q',
      tenant: 'shop',
      user_id: 42,
      decision: 'matched',
      borderline: true,
      threshold: 0.5,
      fmr: 1e-5,
      min_matches: 2,
      review_margin: 0.2,
      images: {
        front_image1: { status: 'matched', similarity: 0.9, sha256: digestOf('front_image1') },
        front_image2: { status: 'matched', similarity: 0.7, sha256: digestOf('front_image2') },
        front_image3: { status: 'not_matched', similarity: 0.3, sha256: digestOf('front_image3') },
        back_image: { status: 'usable', sha256: digestOf('back_image') },
      },
      model: { pack: 'lite', detector: 'a'.repeat(64), recogniser: 'b'.repeat(64) },
      calibration: { dataset: 'LFW', date: '2026-11-20', non_mated_pairs: 29_600_000 },
      service: { name: 'face-verification-service', version: '0.1.0' },
      decided_at: '2026-11-28T12:00:00.000Z',
    });
  });

  it('of a comparison that could not be decided says why, and has the digest of a photo without a face', async () => {
    const photos = { ...PHOTOS, front_image1: FACELESS, front_image2: UNFETCHED };
    const undecided = await openWithJose(await issue(await judgeComparison(photos)));
    const reference = await judgeComparison({ ...PHOTOS, back_image: FACELESS });

    expect(undecided).toMatchObject({ decision: 'undecided', code: 'face_not_found' });
    expect(undecided.images.front_image1).toEqual({
      status: 'unusable',
      code: 'face_not_found',
      sha256: hash('sha256', FACELESS),
    });
    expect(undecided.images.front_image2).toEqual({
      status: 'unusable',
      code: 'image_fetch_failed',
      reason: 'timeout',
    });
    expect(await openWithJose(await issue(reference))).toMatchObject({
      decision: 'undecided',
      images: { front_image1: { status: 'usable' }, back_image: { sha256: hash('sha256', FACELESS) } },
    });
  });

  it('has the SHA-256 of the user_id in its place if the operator wants that', async () => {
    const open = async (userId: string | number) => {
      const comparison = await judgeComparison(PHOTOS, { user_id: userId });
      return openWithJose(await issue(comparison, { hashesUserId: true }));
    };

    const [text, number] = [await open('jürgen'), await open(42)];

    expect(text).toMatchObject({ user_id_sha256: hash('sha256', Buffer.from('jürgen', 'utf8')) });
    expect(number).toMatchObject({ user_id_sha256: hash('sha256', '42') });
    expect(text).not.toHaveProperty('user_id');
  });

  it('has no calibration if the pack has none', async () => {
    const receipt = await issue(await judgeComparison(PHOTOS), { calibration: undefined });

    expect(await openWithJose(receipt)).not.toHaveProperty('calibration');
  });

  it('is a token of a type of its own, which a second implementation accepts', async () => {
    const receipt = await issue(await judgeComparison(PHOTOS));

    const { protectedHeader } = await jwtVerify(receipt, keySet, {
      typ: 'face-receipt+jwt',
    });
    expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'face-receipt+jwt', kid: key.published.kid });
    expect(openWithNode(receipt)).toEqual(await openWithJose(receipt));
  });

  it('fails to verify after a change at any position, in both implementations', async () => {
    const receipt = await issue(await judgeComparison(PHOTOS));
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // The highest of the six bits: the lowest of the last character do not belong to the signature.
    const changeOf = (letter: string): string => alphabet[alphabet.indexOf(letter) ^ 32] ?? 'A';

    const isAccepted = async (at: number): Promise<boolean> => {
      const letter = receipt.charAt(at);
      const changed = `${receipt.slice(0, at)}${letter === '.' ? 'A' : changeOf(letter)}${receipt.slice(at + 1)}`;
      const opened = [compactVerify(changed, keySet), Promise.resolve(changed).then(openWithNode)];
      return (await Promise.allSettled(opened)).some(({ status }) => status === 'fulfilled');
    };
    const positions = [...receipt].map((_letter, at) => at);
    const accepted = await Promise.all(positions.map(isAccepted));

    expect(accepted.filter(Boolean)).toEqual([]);
    expect(receipt.length).toBeGreaterThan(1_000);
  });

  it('outlives its key: after a rotation the public half still verifies it', async () => {
    const receipt = await issue(await judgeComparison(PHOTOS));
    const { keys: rotated } = parseReceiptKeys(createReceiptKeys(keys));
    const published = { keys: rotated.map((each) => ({ ...each.published })) };
    const next = findSigningKey(rotated) as SigningKey;

    const later = await issue(await judgeComparison(PHOTOS), { key: next });

    for (const each of [receipt, later]) await compactVerify(each, createLocalJWKSet(published));
    await expect(compactVerify(later, keySet)).rejects.toThrow('no applicable key');
  });
});
