import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createPhotoCipher, findUploadKeyProblem } from '../../../../src/shared/uploads/photo-cipher.js';

const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const OTHER_KEY = 'Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=';
const PLACE = 'r_1:u:front_image1';

const cipherOf = (...keys: string[]) => createPhotoCipher(keys)!;
const photo = randomBytes(700_000);

describe('createPhotoCipher', () => {
  it.each([0, 1, 262_144, 700_000])('returns %d bytes as they were', async (length) => {
    const cipher = cipherOf(KEY);

    const stored = await cipher.encrypt(photo.subarray(0, length), PLACE);

    expect((await cipher.decrypt(stored, PLACE)).equals(photo.subarray(0, length))).toBe(true);
    expect(stored.length).toBe(length + 33);
  });

  it('reads what another implementation has encrypted', async () => {
    // version, start of the key's SHA-256, nonce; then AESGCM.encrypt of Python's cryptography 48.0.0
    const stored = [
      '01',
      '630dcd29',
      '000102030405060708090a0b',
      '2622a673aa91ad',
      'ef80a0098b7f2a95dc6bc03fa7adc1d0',
    ].join('');

    expect((await cipherOf(KEY).decrypt(Buffer.from(stored, 'hex'), PLACE)).toString()).toBe('a photo');
  });

  it('encrypts with its first key and decrypts with all', async () => {
    const stored = await cipherOf(KEY, OTHER_KEY).encrypt(photo, PLACE);

    expect((await cipherOf(OTHER_KEY, KEY).decrypt(stored, PLACE)).equals(photo)).toBe(true);
    await expect(cipherOf(OTHER_KEY).decrypt(stored, PLACE)).rejects.toThrow('unknown_key');
  });

  it('never encrypts two photos alike', async () => {
    const cipher = cipherOf(KEY);

    const [one, two] = await Promise.all([cipher.encrypt(photo, PLACE), cipher.encrypt(photo, PLACE)]);

    expect(one.subarray(17).equals(two.subarray(17))).toBe(false);
  });

  it.each(['r_2:u:front_image1', 'r_1:v:front_image1', 'r_1:u:front_image2'])(
    'refuses a photo that was moved to %s',
    async (place) => {
      const stored = await cipherOf(KEY).encrypt(photo, PLACE);

      await expect(cipherOf(KEY).decrypt(stored, place)).rejects.toThrow('damaged');
    },
  );

  it('refuses a photo with any changed or missing byte', async () => {
    const cipher = cipherOf(KEY);
    const stored = await cipher.encrypt(photo.subarray(0, 20), PLACE);

    for (let index = 0; index < stored.length; index += 1) {
      const changed = Buffer.from(stored);
      changed[index]! ^= 1;
      await expect(cipher.decrypt(changed, PLACE)).rejects.toThrow(/^(?:damaged|unknown_key)$/);
      await expect(cipher.decrypt(stored.subarray(0, index), PLACE)).rejects.toThrow('damaged');
    }
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
