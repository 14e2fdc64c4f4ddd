import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { repairJpeg } from '../../../../../../src/worker/vision/image/jpeg/repair-jpeg.js';
import {
  findRestarts,
  withAdobeTransform,
  withBytesAt,
  withJfifVersion,
  withoutSpectralSelection,
  withStrayHeaderBytes,
} from '../../../../../support/builders/irregular-jpegs.js';
import { samplePhoto } from '../../../../../support/photos/photos.js';
import { RAMP_JPEGS } from '../../../../../support/photos/ramp-jpegs.js';
import { ARITHMETIC_RAMP } from '../../../../../support/photos/unusual-photos.js';

const { restarts, separateScans, progressiveRestarts } = RAMP_JPEGS;

const withoutBytes = (bytes: Buffer, from: number, to: number) =>
  Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
const decode = (bytes: Uint8Array, failOn: 'warning' | 'error') => sharp(bytes, { failOn }).raw().toBuffer();

/** A JFIF segment overrules an Adobe segment. */
const withoutJfif = withoutBytes(restarts, 2, 20);

/** Irregular files, each with the regular one that shows the same pixels. */
const IRREGULAR: Readonly<Record<string, readonly [irregular: Buffer, regular: Buffer]>> = {
  'a spectral selection of zeros': [withoutSpectralSelection(restarts), restarts],
  'the same in each of several scans': [withoutSpectralSelection(separateScans), separateScans],
  'seven stray bytes before each restart marker': [
    withBytesAt(restarts, findRestarts(restarts), Buffer.from('7 bytes')),
    restarts,
  ],
  'half a kilobyte of zeros before a restart marker': [
    withBytesAt(restarts, findRestarts(restarts).slice(2, 3), Buffer.alloc(512)),
    restarts,
  ],
  'stray bytes between the header segments': [
    withStrayHeaderBytes(restarts, Buffer.from('stray \xff\0 bytes', 'latin1')),
    restarts,
  ],
  'stray bytes between the header segments of a progressive photo': [
    withStrayHeaderBytes(progressiveRestarts, Buffer.from('stray')),
    progressiveRestarts,
  ],
  'stray bytes between the header segments in arithmetic coding': [
    withBytesAt(ARITHMETIC_RAMP.sequential, [20], Buffer.from('stray')),
    ARITHMETIC_RAMP.sequential,
  ],
  'an unknown version of JFIF': [withJfifVersion(samplePhoto(1), 3), samplePhoto(1)],
  'an unknown colour transform': [withAdobeTransform(withoutJfif, 7), restarts],
  'the colour transform of CMYK in a colour photo': [withAdobeTransform(withoutJfif, 2), restarts],
};

describe('repairJpeg', () => {
  it.each(Object.entries(IRREGULAR))('makes %s readable with the same pixels', async (_, [file, regular]) => {
    await expect(decode(file, 'warning')).rejects.toThrow();

    const repaired = repairJpeg(file)!;

    const pixels = await decode(repaired, 'warning');
    expect(pixels.equals(await decode(regular, 'warning'))).toBe(true);
    expect(pixels.equals(await decode(file, 'error'))).toBe(true);
  });

  it.each([
    ...Object.entries(RAMP_JPEGS),
    ...([1, 4, 6] as const).map((photo) => [`sample ${photo}`, samplePhoto(photo)] as const),
  ])('copies the regular file %s byte by byte', (_, jpeg) => {
    expect(Buffer.compare(repairJpeg(jpeg)!, jpeg)).toBe(0);
  });

  it('drops what follows the end of the picture', () => {
    const longer = Buffer.concat([restarts, Buffer.from('trailing data')]);

    expect(Buffer.compare(repairJpeg(longer)!, restarts)).toBe(0);
  });

  it.each([0.3, 0.6, 0.9, 0.999])('gives up on a photo cut off at %d of its length', (share) => {
    const photo = withoutSpectralSelection(samplePhoto(2));

    expect(repairJpeg(photo.subarray(0, photo.length * share))).toBeUndefined();
  });

  it('gives up on a photo that is cut off and ended again', () => {
    const photo = samplePhoto(2);
    const cut = Buffer.concat([photo.subarray(0, photo.length * 0.6), Buffer.of(0xff, 0xd9)]);

    expect(repairJpeg(cut)).toBeUndefined();
  });

  it.each([
    ['a lost interval', withoutBytes(restarts, findRestarts(restarts)[3]!, findRestarts(restarts)[4]!)],
    ['a restart marker out of order', restarts.with(findRestarts(restarts)[3]! + 1, 0xd6)],
    ['a marker in the data', restarts.with(findRestarts(restarts)[3]! + 5, 0xff)],
    ['much unused data', withBytesAt(restarts, findRestarts(restarts), Buffer.from('data'.repeat(20)))],
    [
      'no Huffman tables',
      Buffer.from(restarts.toString('latin1').replaceAll('\xff\xc4', '\xff\xe9'), 'latin1'),
    ],
  ])('gives up on %s', (_, damaged) => {
    expect(repairJpeg(Buffer.from(damaged))).toBeUndefined();
  });

  it('gives up on bytes of the picture that were overwritten', () => {
    const photo = samplePhoto(1);
    const starts = Array.from({ length: 20 }, (_, index) => Math.floor(photo.length * (0.2 + 0.03 * index)));

    const found = starts.filter((start) => {
      const damaged = Buffer.from(photo);
      for (let at = start; at < start + 600; at += 1) damaged[at] = (at * 73 + start) & 0xfe;
      return repairJpeg(damaged) === undefined;
    });

    expect(found).toEqual(starts);
  });

  it('ends on any bytes', () => {
    const flips = fc.array(fc.tuple(fc.nat(restarts.length - 1), fc.nat(255)), { maxLength: 8 });

    fc.assert(
      fc.property(flips, fc.nat(restarts.length), (changes, length) => {
        const damaged = Buffer.from(restarts);
        for (const [at, value] of changes) damaged[at] = value;
        const repaired = repairJpeg(damaged.subarray(0, length));
        expect(repaired?.length ?? 0).toBeLessThanOrEqual(length + 2);
      }),
    );
  });
});
