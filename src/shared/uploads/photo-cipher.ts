import { hash, randomBytes, subtle, type webcrypto } from 'node:crypto';

// A stored photo is: version (1 byte), id of its key (4), nonce (12), ciphertext, tag (16).
const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;
const KEY_BYTES = 32;

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
 * AES-256-GCM with a random nonce for each photo, in threads of its own. `place` is authenticated: where the photo
 * belongs.
 */
export interface PhotoCipher {
  /** Returns the encrypted copy of `photo`. */
  encrypt(photo: Uint8Array, place: string): Promise<Buffer>;
  /** @throws UndecryptableError */
  decrypt(stored: Buffer, place: string): Promise<Buffer>;
}

/** Describes the problem of an entry of UPLOAD_KEYS without quoting it; undefined if there is none. */
export function findUploadKeyProblem(key: string): string | undefined {
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length === KEY_BYTES && bytes.toString('base64') === key) return undefined;
  return `every key must be ${KEY_BYTES} bytes in base64, as from: openssl rand -base64 ${KEY_BYTES}`;
}

/** Returns a cipher whose first key encrypts and whose keys all decrypt; undefined without keys. */
export function createPhotoCipher(encodedKeys: readonly string[]): PhotoCipher | undefined {
  const keys = encodedKeys.map((encoded) => {
    const bytes = Buffer.from(encoded, 'base64');
    return { id: hash('sha256', bytes, 'buffer').subarray(0, KEY_ID_BYTES), key: importKey(bytes) };
  });
  const [first] = keys;
  if (!first) return undefined;
  return {
    encrypt: async (photo, place) => {
      const nonce = randomBytes(NONCE_BYTES);
      const sealed = await subtle.encrypt(aesGcm(nonce, place), await first.key, photo);
      return Buffer.concat([Buffer.of(VERSION), first.id, nonce, new Uint8Array(sealed)]);
    },
    decrypt: async (stored, place) => {
      if (stored.length < HEAD_BYTES + TAG_BYTES || stored[0] !== VERSION)
        throw new UndecryptableError('damaged');
      const id = stored.subarray(1, 1 + KEY_ID_BYTES);
      const key = await keys.find((known) => known.id.equals(id))?.key;
      if (!key) throw new UndecryptableError('unknown_key');
      const nonce = stored.subarray(1 + KEY_ID_BYTES, HEAD_BYTES);
      try {
        return Buffer.from(await subtle.decrypt(aesGcm(nonce, place), key, stored.subarray(HEAD_BYTES)));
      } catch {
        throw new UndecryptableError('damaged');
      }
    },
  };
}

function importKey(bytes: Buffer): Promise<webcrypto.CryptoKey> {
  return subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

function aesGcm(nonce: Buffer, place: string): webcrypto.AesGcmParams {
  return { name: 'AES-GCM', iv: nonce, additionalData: Buffer.from(place), tagLength: TAG_BYTES * 8 };
}
