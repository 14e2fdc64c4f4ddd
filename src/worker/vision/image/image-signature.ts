import type { ImageFormat } from '../types.js';

/** The type of a file according to its first bytes. */
export interface ImageSignature {
  /** The usual name of the type; undefined if it is unknown. Safe to show to a client. */
  readonly name: string | undefined;
  /** Present for types that this service can read, whether or not they are enabled. */
  readonly format?: ImageFormat;
}

interface Magic extends ImageSignature {
  readonly name: string;
  readonly offset?: number;
  /** Bytes as Latin-1 text. */
  readonly bytes: string;
}

/** The first match wins, so more specific signatures come first. */
const MAGICS: readonly Magic[] = [
  { name: 'JPEG', format: 'jpeg', bytes: '\xff\xd8\xff' },
  { name: 'PNG', format: 'png', bytes: '\x89PNG\r\n\x1a\n' },
  { name: 'WebP', format: 'webp', bytes: 'WEBP', offset: 8 },
  { name: 'GIF', format: 'gif', bytes: 'GIF87a' },
  { name: 'GIF', format: 'gif', bytes: 'GIF89a' },
  { name: 'Canon raw (CR2)', bytes: 'CR\x02', offset: 8 },
  { name: 'TIFF', format: 'tiff', bytes: 'II*\0' },
  { name: 'TIFF', format: 'tiff', bytes: 'MM\0*' },
  { name: 'BigTIFF', bytes: 'II+\0' },
  { name: 'BigTIFF', bytes: 'MM\0+' },
  { name: 'JPEG XR', bytes: 'II\xbc\x01' },
  { name: 'JPEG XL', bytes: '\xff\x0a' },
  { name: 'JPEG XL', bytes: '\0\0\0\x0cJXL \r\n\x87\n' },
  { name: 'JPEG 2000', bytes: '\0\0\0\x0cjP  \r\n\x87\n' },
  { name: 'JPEG 2000', bytes: '\xff\x4f\xff\x51' },
  { name: 'BMP', bytes: 'BM' },
  { name: 'ICO', bytes: '\0\0\x01\0' },
  { name: 'CUR', bytes: '\0\0\x02\0' },
  { name: 'Photoshop (PSD)', bytes: '8BPS' },
  { name: 'GIMP (XCF)', bytes: 'gimp xcf' },
  { name: 'OpenEXR', bytes: 'v/1\x01' },
  { name: 'Radiance HDR', bytes: '#?RADIANCE' },
  { name: 'Radiance HDR', bytes: '#?RGBE' },
  { name: 'FITS', bytes: 'SIMPLE  =' },
  { name: 'VIPS', bytes: '\x08\xf2\xa6\xb6' },
  { name: 'VIPS', bytes: '\xb6\xa6\xf2\x08' },
  { name: 'DDS', bytes: 'DDS ' },
  { name: 'QOI', bytes: 'qoif' },
  { name: 'FLIF', bytes: 'FLIF' },
  { name: 'MNG', bytes: '\x8aMNG' },
  { name: 'JNG', bytes: '\x8bJNG' },
  { name: 'DICOM', bytes: 'DICM', offset: 128 },
  { name: 'PDF', bytes: '%PDF' },
  { name: 'PostScript', bytes: '%!PS' },
  { name: 'ZIP', bytes: 'PK\x03\x04' },
  { name: 'ZIP', bytes: 'PK\x05\x06' },
  { name: 'gzip', bytes: '\x1f\x8b' },
  { name: '7-Zip', bytes: '7z\xbc\xaf\x27\x1c' },
  { name: 'RAR', bytes: 'Rar!' },
  { name: 'an ELF program', bytes: '\x7fELF' },
  { name: 'a Windows program', bytes: 'MZ' },
  { name: 'WebM or Matroska', bytes: '\x1a\x45\xdf\xa3' },
  { name: 'AVI', bytes: 'AVI ', offset: 8 },
  { name: 'WAV', bytes: 'WAVE', offset: 8 },
  { name: 'PNM', bytes: 'P1' },
  { name: 'PNM', bytes: 'P2' },
  { name: 'PNM', bytes: 'P3' },
  { name: 'PNM', bytes: 'P4' },
  { name: 'PNM', bytes: 'P5' },
  { name: 'PNM', bytes: 'P6' },
  { name: 'PAM', bytes: 'P7' },
];

/** ISO base media brands (in the `ftyp` box) of HEIC files. */
const HEIC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1'];

/** Text types by the start of the text, after a byte-order mark and white space. */
const TEXT_STARTS: readonly (readonly [RegExp, string])[] = [
  [/^<svg[\s>]/, 'SVG'],
  [/^(?:<\?xml|<!--|<!doctype svg).*<svg[\s>]/s, 'SVG'],
  [/^(?:<!doctype html|<html|<head|<body|<script|<!--)/, 'HTML'],
  [/^<(?:\?xml|[a-z])/, 'XML'],
  [/^[{[]/, 'JSON'],
];

/** Bytes of text that are checked: enough for an XML prologue with a document type before `<svg`. */
const TEXT_PREFIX_LENGTH = 4096;

/** Returns the type of a file from its first bytes alone, never from a name or header. Reads at most 4 KiB. */
export function readImageSignature(bytes: Uint8Array): ImageSignature {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, TEXT_PREFIX_LENGTH));
  if (head.length === 0) return { name: 'empty' };
  const start = head.toString('latin1', 0, 160);
  const magic = MAGICS.find(({ bytes: text, offset = 0 }) => start.startsWith(text, offset));
  if (magic) return magic;
  if (start.startsWith('ftyp', 4)) return readBrands(head);
  return { name: nameText(head) };
}

/** Identifies ISO base media files by their brands. Image sequences are never supported. */
function readBrands(head: Buffer): ImageSignature {
  const boxEnd = Math.min(head.readUInt32BE(0), head.length);
  const major = head.toString('latin1', 8, 12);
  const brands = [major];
  for (let at = 16; at + 4 <= boxEnd; at += 4) brands.push(head.toString('latin1', at, at + 4));
  if (brands.includes('avis')) return { name: 'an animated AVIF' };
  if (major === 'avif') return { name: 'AVIF', format: 'avif' };
  // mif1 is the brand of any HEIF file; the compatible brands name its content.
  if (major === 'mif1' && brands.includes('avif')) return { name: 'AVIF', format: 'avif' };
  if (HEIC_BRANDS.includes(major)) return { name: 'HEIC' };
  if (major === 'crx ') return { name: 'Canon raw (CR3)' };
  if (major === 'jxl ') return { name: 'JPEG XL' };
  return { name: major === 'qt  ' ? 'QuickTime' : 'MP4' };
}

function nameText(head: Buffer): string | undefined {
  const text = head
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart()
    .toLowerCase();
  const known = TEXT_STARTS.find(([pattern]) => pattern.test(text));
  if (known) return known[1];
  const control = head
    .subarray(0, 512)
    .findIndex((byte) => byte < 9 || (byte > 13 && byte < 32) || byte > 126);
  return control === -1 ? 'plain text' : undefined;
}
