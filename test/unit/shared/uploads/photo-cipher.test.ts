import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  createPhotoCipher,
  findUploadKeyProblem,
  type PhotoCipher,
} from '../../../../src/shared/uploads/photo-cipher.js';
import { cutIntoPieces } from '../../../../src/shared/uploads/photo-pieces.js';

const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const OTHER_KEY = 'Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=';
const PLACE = 'r_1:u:front_image1';

const cipherOf = (...keys: string[]) => createPhotoCipher(keys)!;
const photo = randomBytes(700_000);
/** Returns a photo as it is stored. */
const encrypt = (cipher: PhotoCipher, bytes: Buffer): Buffer =>
  Buffer.concat([...cipher.encrypt(cutIntoPieces(bytes), PLACE)]);
/** Returns why a stored photo cannot be decrypted. */
const problemOf = (cipher: PhotoCipher, stored: Buffer, place = PLACE): string => {
  try {
    cipher.decrypt(stored, place);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

describe('createPhotoCipher', () => {
  it.each([0, 1, 131_072, 262_144, 700_000])('returns %d bytes as they were', (length) => {
    const cipher = cipherOf(KEY);

    const stored = encrypt(cipher, photo.subarray(0, length));

    expect(cipher.decrypt(stored, PLACE).equals(photo.subarray(0, length))).toBe(true);
    expect(stored.length).toBe(length + 33);
  });

  it('reads what another implementation has encrypted', () => {
    // version, start of the key's SHA-256, nonce; then AESGCM.encrypt of Python's cryptography 48.0.0
    const stored = [
      '01',
      '630dcd29',
      '000102030405060708090a0b',
      '2622a673aa91ad',
      'ef80a0098b7f2a95dc6bc03fa7adc1d0',
    ].join('');

    expect(cipherOf(KEY).decrypt(Buffer.from(stored, 'hex'), PLACE).toString()).toBe('a photo');
  });

  it('encrypts with its first key and decrypts with all', () => {
    const stored = encrypt(cipherOf(KEY, OTHER_KEY), photo);

    expect(cipherOf(OTHER_KEY, KEY).decrypt(stored, PLACE).equals(photo)).toBe(true);
    expect(problemOf(cipherOf(OTHER_KEY), stored)).toBe('unknown_key');
  });

  it('never encrypts two photos alike', () => {
    const one = encrypt(cipherOf(KEY), photo);
    const two = encrypt(cipherOf(KEY), photo);

    expect(one.subarray(17).equals(two.subarray(17))).toBe(false);
  });

  it.each(['r_2:u:front_image1', 'r_1:v:front_image1', 'r_1:u:front_image2'])(
    'refuses a photo that was moved to %s',
    (place) => {
      expect(problemOf(cipherOf(KEY), encrypt(cipherOf(KEY), photo), place)).toBe('damaged');
    },
  );

  it('refuses a photo with any changed or missing byte', () => {
    const cipher = cipherOf(KEY);
    const stored = encrypt(cipher, photo.subarray(0, 20));

    for (let index = 0; index < stored.length; index += 1) {
      const changed = Buffer.from(stored);
      changed[index]! ^= 1;
      expect(problemOf(cipher, changed)).toMatch(/^(?:damaged|unknown_key)$/);
      expect(problemOf(cipher, stored.subarray(0, index))).toBe('damaged');
    }
  });

  it('gives a piece for each piece of the photo, encrypted when it is asked for', () => {
    const pieces = cutIntoPieces(Buffer.from(photo));
    const encrypted = cipherOf(KEY).encrypt(pieces, PLACE);
    const first = encrypted.next().value as Buffer;
    for (const piece of pieces) piece.fill(0);

    const stored = [first, ...encrypted];

    expect(stored.map(({ length }) => length)).toEqual([131_089, 131_072, 131_072, 131_072, 131_072, 44_656]);
    const expected = Buffer.concat([photo.subarray(0, 131_072), Buffer.alloc(568_928)]);
    expect(cipherOf(KEY).decrypt(Buffer.concat(stored), PLACE).equals(expected)).toBe(true);
  });

  it('does not exist without a key', () => {
    expect(createPhotoCipher([])).toBeUndefined();
  });
});

describe('findUploadKeyProblem', () => {
  it('accepts 32 bytes in base64', () => {
    expect(findUploadKeyProblem(KEY)).toBeUndefined();
  });

  it.each(['', 'secret', KEY.slice(0, -1), KEY.slice(4), `${KEY}AAAA`, KEY.replace('A', '-'), ` ${KEY}`])(
    'refuses %j without quoting it',
    (key) => {
      expect(findUploadKeyProblem(key)).toBe(
        'every key must be 32 bytes in base64, as from: openssl rand -base64 32',
      );
    },
  );
});
