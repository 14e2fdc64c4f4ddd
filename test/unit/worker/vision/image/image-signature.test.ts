import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readImageSignature } from '../../../../../src/worker/vision/image/image-signature.js';

const nameOf = (text: string): string | undefined => readImageSignature(Buffer.from(text, 'latin1')).name;
const box = (major: string, compatible = ''): string =>
  `\0\0\0${String.fromCharCode(16 + compatible.length)}ftyp${major}\0\0\0\0${compatible}`;

const READABLE = [
  ['jpeg', '\xff\xd8\xff\xe0'],
  ['png', '\x89PNG\r\n\x1a\n\0'],
  ['webp', 'RIFF\x10\0\0\0WEBPVP8 '],
  ['gif', 'GIF87a'],
  ['gif', 'GIF89a'],
  ['tiff', 'II*\0\x08\0\0\0'],
  ['tiff', 'MM\0*\0\0\0\x08'],
  ['avif', box('avif', 'mif1miaf')],
  ['avif', box('mif1', 'avifmiaf')],
] as const;

const REFUSED = [
  ['HEIC', box('heic', 'mif1')],
  ['HEIC', box('mif1', 'heic')],
  ['HEIC', box('hevc')],
  ['an animated AVIF', box('avis', 'avif')],
  ['an animated AVIF', box('avif', 'avis')],
  ['MP4', box('isom')],
  ['QuickTime', box('qt  ')],
  ['Canon raw (CR3)', box('crx ')],
  ['Canon raw (CR2)', 'II*\0\x10\0\0\0CR\x02\0'],
  ['BigTIFF', 'II+\0\x08\0\0\0'],
  ['JPEG XL', '\xff\x0a'],
  ['JPEG XL', '\0\0\0\x0cJXL \r\n\x87\n'],
  ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n'],
  ['BMP', 'BM\x36\0'],
  ['ICO', '\0\0\x01\0\x01\0'],
  ['Photoshop (PSD)', '8BPS\0\x01'],
  ['PDF', '%PDF-1.7'],
  ['ZIP', 'PK\x03\x04'],
  ['gzip', '\x1f\x8b\x08'],
  ['an ELF program', '\x7fELF'],
  ['SVG', '<svg xmlns="x">'],
  ['SVG', '\xef\xbb\xbf\n <?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><SVG width="1">'],
  ['HTML', '\n\n<!DOCTYPE HTML><html>'],
  ['HTML', '<html lang="en"><svg>'],
  ['XML', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
  ['JSON', ' {"error": 1}'],
  ['plain text', 'version https://git-lfs.github.com/spec/v1'],
  ['empty', ''],
] as const;

describe('readImageSignature', () => {
  it.each(READABLE)('recognises %s by %j', (format, start) => {
    const signature = readImageSignature(Buffer.from(start, 'latin1'));

    expect(signature.format).toBe(format);
  });

  it.each(REFUSED)('names %s by %j and gives it no format', (name, start) => {
    const signature = readImageSignature(Buffer.from(start, 'latin1'));

    expect(signature).toMatchObject({ name });
    expect(signature).not.toHaveProperty('format');
  });

  it('gives no name to bytes that resemble nothing', () => {
    expect(nameOf('\x01\x02\x03\x04\x05')).toBeUndefined();
    expect(nameOf('\xff\xd8')).toBeUndefined();
  });

  it('is not misled by the signature of another type further on', () => {
    expect(nameOf('GIF89a\xff\xd8\xff')).toBe('GIF');
    expect(nameOf('PK\x03\x04\x89PNG\r\n\x1a\n')).toBe('ZIP');
  });

  it('answers for any bytes without throwing', () => {
    const ftyp = fc
      .uint8Array({ maxLength: 40 })
      .map((tail) => Buffer.concat([Buffer.from(box('avif')), tail]));

    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), ftyp), (bytes) => {
        expect(readImageSignature(bytes)).toBeTypeOf('object');
      }),
    );
  });
});
