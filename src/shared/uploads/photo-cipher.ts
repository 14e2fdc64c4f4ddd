import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

// A stored photo is: version (1 byte), id of its key (4), nonce (12), ciphertext, tag (16).
const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;
const KEY_BYTES = 32;
/** Encrypted before other work gets its turn, bytes: about 0.3 ms. */
const SLICE_BYTES = 262_144;

/** Why a stored photo cannot be decrypted: none of the keys has encrypted it, or it was changed. */
export class UndecryptableError extends Error {
  override readonly name = 'UndecryptableError';
  readonly reason: 'unknown_key' | 'damaged';

  constructor(reason: 'unknown_key' | 'damaged') {
    super(reason);
    this.reason = reason;
  }
}

/** AES-256-GCM with a random nonce for each photo. `place` is authenticated: where the photo belongs. */
export interface PhotoCipher {
  /** Returns the encrypted copy of `photo`. Lets other work run in between. */
  encrypt(photo: Uint8Array, place: string): Promise<Buffer>;
  /** @throws UndecryptableError */
  decrypt(stored: Buffer, place: string): Buffer;
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
    const key = Buffer.from(encoded, 'base64');
    return { key, id: hash('sha256', key, 'buffer').subarray(0, KEY_ID_BYTES) };
  });
  const [first] = keys;
  if (!first) return undefined;
  return {
    encrypt: async (photo, place) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', first.key, nonce).setAAD(Buffer.from(place));
      const stored = Buffer.allocUnsafeSlow(HEAD_BYTES + photo.length + TAG_BYTES);
      stored.set([VERSION, ...first.id, ...nonce]);
      for (let at = 0; at < photo.length; at += SLICE_BYTES) {
        if (at > 0) await nextTurn();
        stored.set(cipher.update(photo.subarray(at, at + SLICE_BYTES)), HEAD_BYTES + at);
      }
      cipher.final();
      stored.set(cipher.getAuthTag(), HEAD_BYTES + photo.length);
      return stored;
    },
    decrypt: (stored, place) => {
      if (stored.length < HEAD_BYTES + TAG_BYTES || stored[0] !== VERSION)
        throw new UndecryptableError('damaged');
      const id = stored.subarray(1, 1 + KEY_ID_BYTES);
      const key = keys.find((known) => known.id.equals(id))?.key;
      if (!key) throw new UndecryptableError('unknown_key');
      const nonce = stored.subarray(1 + KEY_ID_BYTES, HEAD_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(place))
        .setAuthTag(stored.subarray(-TAG_BYTES));
      const photo = decipher.update(stored.subarray(HEAD_BYTES, -TAG_BYTES));
      try {
        decipher.final();
      } catch {
        photo.fill(0);
        throw new UndecryptableError('damaged');
      }
      return photo;
    },
  };
}
