import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hash,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

// A stored photo is: version (1 byte), id of its key (4), nonce (12), ciphertext, tag (16).
const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;
const KEY_BYTES = 32;
const ALGORITHM = 'aes-256-gcm';

/** Why a stored photo cannot be decrypted: none of the keys has encrypted it, or it was changed. */
export class UndecryptableError extends Error {
  override readonly name = 'UndecryptableError';
  readonly reason: 'unknown_key' | 'damaged';

  constructor(reason: 'unknown_key' | 'damaged') {
    super(reason);
    this.reason = reason;
  }
}

/**
 * AES-256-GCM with a random nonce for each photo. `place` is authenticated: where the photo belongs. A step takes a fraction
 * of a millisecond a megabyte, less than the copies that another thread would need.
 */
export interface PhotoCipher {
  /** Returns the encrypted photo: a piece for each piece of it, encrypted when it is asked for. */
  encrypt(pieces: readonly Uint8Array[], place: string): Generator<Buffer, void, undefined>;
  /** Decrypts the joined pieces. @throws UndecryptableError */
  decrypt(stored: Buffer, place: string): Buffer;
}

/** Describes the problem of an entry of UPLOAD_KEYS without quoting it; undefined if there is none. */
export function findUploadKeyProblem(key: string): string | undefined {
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length === KEY_BYTES && bytes.toString('base64') === key) return undefined;
  return `every key must be ${KEY_BYTES} bytes in base64, as from: openssl rand -base64 ${KEY_BYTES}`;
}

interface UploadKey {
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** Returns a cipher whose first key encrypts and whose keys all decrypt; undefined without keys. */
export function createPhotoCipher(encodedKeys: readonly string[]): PhotoCipher | undefined {
  const keys = encodedKeys.map((encoded): UploadKey => {
    const bytes = Buffer.from(encoded, 'base64');
    return { id: hash('sha256', bytes, 'buffer').subarray(0, KEY_ID_BYTES), key: createSecretKey(bytes) };
  });
  const [first] = keys;
  if (!first) return undefined;
  return {
    encrypt: (pieces, place) => encrypt(pieces, place, first),
    decrypt: (stored, place) => decrypt(stored, place, keys),
  };
}

function* encrypt(
  pieces: readonly Uint8Array[],
  place: string,
  { id, key }: UploadKey,
): Generator<Buffer, void, undefined> {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(place));
  for (const [index, piece] of pieces.entries()) {
    const head = index === 0 ? [Buffer.of(VERSION), id, nonce] : [];
    const encrypted = cipher.update(piece);
    const tail = index === pieces.length - 1 ? [cipher.final(), cipher.getAuthTag()] : [];
    yield head.length + tail.length === 0 ? encrypted : Buffer.concat([...head, encrypted, ...tail]);
  }
}

function decrypt(stored: Buffer, place: string, keys: readonly UploadKey[]): Buffer {
  if (stored.length < HEAD_BYTES + TAG_BYTES || stored[0] !== VERSION)
    throw new UndecryptableError('damaged');
  const id = stored.subarray(1, 1 + KEY_ID_BYTES);
  const key = keys.find((known) => known.id.equals(id))?.key;
  if (!key) throw new UndecryptableError('unknown_key');
  const nonce = stored.subarray(1 + KEY_ID_BYTES, HEAD_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place)).setAuthTag(stored.subarray(-TAG_BYTES));
  const photo = decipher.update(stored.subarray(HEAD_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return photo;
  } catch {
    throw new UndecryptableError('damaged');
  }
}
