import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { isSrgbProfile } from '../../../../../src/worker/vision/image/is-srgb-profile.js';
import { samplePhoto } from '../../../../support/photos/photos.js';

/** Every colour of a 9 × 9 × 9 grid, as a picture. */
const COLOURS = Buffer.from(
  Array.from({ length: 729 }, (_, i) =>
    [i % 9, Math.floor(i / 9) % 9, Math.floor(i / 81)].map((v) => Math.min(255, v * 32)),
  ).flat(),
);

async function profileOf(photo: Buffer): Promise<Buffer> {
  return (await sharp(photo).metadata()).icc ?? Buffer.alloc(0);
}

/** Makes the picture of colours with one of sharp's own profiles. */
function withProfile(name: string): Promise<Buffer> {
  return sharp(COLOURS, { raw: { width: 27, height: 27, channels: 3 } })
    .withIccProfile(name, { attach: true })
    .png()
    .toBuffer();
}

/** Replaces four bytes of text. */
function withText(profile: Buffer, from: string, to: string): Buffer {
  const changed = Buffer.from(profile);
  changed.write(to, changed.indexOf(from), 'latin1');
  return changed;
}

describe('isSrgbProfile', () => {
  it('recognises the profile of a camera photo with a table, and that of sharp', async () => {
    expect(isSrgbProfile(await profileOf(samplePhoto(1)))).toBe(true);
    expect(isSrgbProfile(await profileOf(await withProfile('srgb')))).toBe(true);
  });

  it('says yes only where applying the profile changes no pixel', async () => {
    const marked = await withProfile('srgb');
    const pixels = (ignoreIcc: boolean) => sharp(marked, { ignoreIcc }).removeAlpha().raw().toBuffer();

    const [applied, ignored] = await Promise.all([pixels(false), pixels(true)]);

    const differences = applied.map((value, index) => Math.abs(value - (ignored[index] ?? 0)));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  });

  it.each(['p3', 'cmyk'])('does not take %s for sRGB', async (name) => {
    const photo = sharp(COLOURS, { raw: { width: 27, height: 27, channels: 3 } }).withIccProfile(name);
    const file = name === 'cmyk' ? photo.toColourspace('cmyk').jpeg() : photo.png();

    expect(isSrgbProfile(await profileOf(await file.toBuffer()))).toBe(false);
  });

  it('needs sRGB’s colorants and curves, and no table of a colour engine', async () => {
    const profile = await profileOf(samplePhoto(1));
    const at = profile.indexOf('rXYZ');
    const redder = Buffer.from(profile);
    redder.writeInt32BE(Math.round(0.6 * 65_536), profile.readUInt32BE(at + 4) + 8);
    const gamma = Buffer.from(profile);
    gamma.writeUInt32BE(1, profile.readUInt32BE(profile.indexOf('gTRC') + 4) + 8);

    for (const other of [redder, gamma, withText(profile, 'gXYZ', 'gABC'), withText(profile, 'view', 'A2B0')])
      expect(isSrgbProfile(other)).toBe(false);
  });

  it('never throws, whatever the bytes', async () => {
    const profile = await profileOf(samplePhoto(1));
    fc.assert(
      fc.property(
        fc.nat(profile.length),
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(400),
        (length, bytes, at) => {
          const changed = Buffer.from(profile.subarray(0, length));
          changed.set(bytes.subarray(0, Math.max(0, length - at)), Math.min(at, length));
          expect(isSrgbProfile(changed)).toBeTypeOf('boolean');
        },
      ),
    );
  });
});
