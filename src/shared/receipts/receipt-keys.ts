import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '../queue/parse-json.js';

/** Signature algorithm of receipts in the names of JOSE: Ed25519. */
export const RECEIPT_ALGORITHM = 'EdDSA';

/** The public half of a key, as `/.well-known/jwks.json` shows it. `kid`: thumbprint of RFC 7638. */
export interface PublicReceiptKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg: typeof RECEIPT_ALGORITHM;
  readonly use: 'sig';
}

export interface ReceiptKey {
  readonly published: PublicReceiptKey;
  /** Absent if the entry is only a public key, to verify older receipts. */
  readonly privateKey?: KeyObject;
}

/** A key with both halves. */
export type SigningKey = Required<ReceiptKey>;

/** Returns the key that signs: the first that has a private half. */
export function findSigningKey(keys: readonly ReceiptKey[]): SigningKey | undefined {
  return keys.find((key): key is SigningKey => key.privateKey !== undefined);
}

export interface ParsedReceiptKeys {
  readonly keys: readonly ReceiptKey[];
  readonly problems: readonly string[];
}

const octets = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
/** A key of RFC 8037. Other members, such as `kid`, do not matter. */
const keySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: octets,
  d: octets.optional(),
});
const keySetSchema = z.object({ keys: z.array(z.unknown()).min(1) });

/**
 * Reads RECEIPT_KEYS: a JSON Web Key Set of Ed25519 keys, public ones and private ones (with `d`). Returns the keys in
 * their order, and the problems of the other entries, which quote nothing.
 */
export function parseReceiptKeys(text: string): ParsedReceiptKeys {
  const set = keySetSchema.safeParse(parseJson(text));
  if (!set.success) {
    const problem = 'must be a JSON Web Key Set with at least one key, as `npm run receipt-key` prints it';
    return { keys: [], problems: [problem] };
  }
  const keys: ReceiptKey[] = [];
  const problems: string[] = [];
  for (const [index, entry] of set.data.keys.entries()) {
    const name = `key ${index + 1}`;
    const parsed = keySchema.safeParse(entry);
    if (!parsed.success) {
      problems.push(`${name} must be an Ed25519 key: kty OKP, crv Ed25519, x, and d if it is private`);
      continue;
    }
    const key = toReceiptKey(parsed.data);
    if (!key) problems.push(`${name}: x does not belong to d`);
    else if (keys.some(({ published }) => published.kid === key.published.kid))
      problems.push(`${name} repeats another key`);
    else keys.push(key);
  }
  return { keys, problems };
}

/** Returns undefined if the private half `d` belongs to another public half than `x`. */
function toReceiptKey(jwk: z.infer<typeof keySchema>): ReceiptKey | undefined {
  const { d, ...publicJwk } = jwk;
  const published = publish(createPublicKey({ key: publicJwk, format: 'jwk' }));
  if (d === undefined) return { published };
  // Node ignores x here and computes it from d.
  const privateKey = createPrivateKey({ key: { ...publicJwk, d }, format: 'jwk' });
  return publish(createPublicKey(privateKey)).x === published.x ? { published, privateKey } : undefined;
}

function publish(key: KeyObject): PublicReceiptKey {
  const { x = '' } = key.export({ format: 'jwk' });
  const kid = hash('sha256', JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }), 'base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: RECEIPT_ALGORITHM, use: 'sig' };
}

/**
 * Returns a value of RECEIPT_KEYS: a new private key, and the public halves of `earlier` keys, so that receipts signed with
 * them can still be verified.
 */
export function createReceiptKeys(earlier: readonly ReceiptKey[] = []): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { d } = privateKey.export({ format: 'jwk' });
  return JSON.stringify({
    keys: [{ ...publish(publicKey), d }, ...earlier.map(({ published }) => published)],
  });
}
