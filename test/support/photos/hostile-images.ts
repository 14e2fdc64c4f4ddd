import sharp, { type Sharp } from 'sharp';
import {
  exifSegment,
  jpegSegment,
  MOST_SCANS,
  manyScanJpeg,
  orientationSegment,
  withJpegFrame,
  withJpegSegments,
} from '../builders/jpeg-builder.js';
import { blackPng, deflatedZeros, pngAround, pngChunk, withPngChunks } from '../builders/png-builder.js';
import { samplePhoto } from './photos.js';

/** A small real photo, 320 × 240 px, in three common encodings: the basis of most hostile files. */
interface Base {
  readonly photo: () => Sharp;
  readonly jpeg: Buffer;
  readonly png: Buffer;
  readonly webp: Buffer;
}

type Maker = (base: Base) => Buffer | Promise<Buffer>;

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const padded = (text: string, length: number): Buffer => Buffer.concat([latin(text), Buffer.alloc(length)]);
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><circle r="50" fill="red"/></svg>';
const BOMB_BYTES = 200 * 1024 * 1024;

/** Text, programs and other types that are not photos, whatever their names. */
const FOREIGN: Readonly<Record<string, Maker>> = {
  'empty.jpg': () => Buffer.alloc(0),
  'soi_only.jpg': () => Buffer.from([0xff, 0xd8]),
  'zeros_1mb.jpg': () => Buffer.alloc(1 << 20),
  'random_1mb.jpg': () => noise(1 << 20),
  'html.jpg': () => latin('<!DOCTYPE html>\n<html><body>Not found</body></html>'),
  'json_error.jpg': () => latin('{"error":"expired signature"}'),
  'zip.jpg': () => padded('PK\x03\x04', 120),
  'mp4.jpg': () => fileTypeBox('mp42', 'isom'),
  'heic_ftyp_stub.heic': () => fileTypeBox('heic', 'mif1'),
  'psd.psd': () => padded('8BPS\0\x01', 200),
  'vips_native.v': () => padded('\x08\xf2\xa6\xb6', 200),
  'hdr.hdr': () => padded('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 4\n', 64),
  'imagemagick_mvg.jpg': () =>
    latin('push graphic-context\nviewbox 0 0 9 9\nfill \'url(http://127.0.0.1/x"|id")\'\n'),
  'polyglot_gif_js.jpg': () => latin('GIF89a/*\0\0*/=1;console.log(1)'),
  'svg_as.jpg': () => latin(SVG),
  'svg_plain.svg': () => latin(SVG),
  'svg_huge.svg': () => latin(SVG.replaceAll('99', '100000')),
  'svg_external.svg': () => latin(SVG.replace('<circle', '<image href="http://169.254.169.254/"/><circle')),
  'svg_xxe.svg': () =>
    latin(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/hostname">]>${SVG}`),
  'svg_billion_laughs.svg': () => latin(`<?xml version="1.0"?><!DOCTYPE svg [${laughs()}]>${SVG}`),
  'ok.avif': ({ photo }) => photo().avif({ quality: 50, effort: 0 }).toBuffer(),
  'ok.tiff': ({ photo }) => photo().tiff().toBuffer(),
  'cmyk4.tiff': ({ photo }) => photo().toColourspace('cmyk').tiff().toBuffer(),
  'animated.gif': async ({ png }) => (await animated(png)).gif().toBuffer(),
  'animated.webp': async ({ png }) => (await animated(png)).webp().toBuffer(),
};

/** Valid files that are far more expensive than their size suggests, and files that claim a wrong size. */
const BOMBS: Readonly<Record<string, Maker>> = {
  'bomb_30000x30000_1bit.png': () => blackPng({ width: 30_000, height: 30_000, depth: 1, colourType: 0 }),
  'bomb_7000x7000_rgba16.png': () => blackPng({ width: 7000, height: 7000, depth: 16, colourType: 6 }),
  'flat_16000.jpg': () => manyScanJpeg({ width: 16_000, height: 16_000, scans: 1 }),
  'flat_6000.jpg': () => manyScanJpeg({ width: 6000, height: 6000, scans: 1 }),
  'progbomb_6000.jpg': () => manyScanJpeg({ width: 6000, height: 6000, scans: MOST_SCANS }),
  'iccp_bomb.png': ({ png }) =>
    withPngChunks(png, [pngChunk('iCCP', Buffer.concat([latin('icc\0\0'), deflatedZeros(BOMB_BYTES)]))]),
  'ztxt_bomb.png': ({ png }) =>
    withPngChunks(png, [pngChunk('zTXt', Buffer.concat([latin('Comment\0\0'), deflatedZeros(BOMB_BYTES)]))]),
  'exif_huge_64k_x200.jpg': ({ jpeg }) =>
    withJpegSegments(jpeg, Array(200).fill(exifSegment(Buffer.alloc(65_000)))),
  'lying_16383.webp': ({ webp }) => withVp8Size(webp, 16_383, 16_383),
  'lying_2147483647.png': () => pngAround({ width: 0x7fffffff, height: 0x7fffffff }, deflatedZeros(10)),
  'lying_4000.png': () => pngAround({ width: 4000, height: 4000 }, deflatedZeros(10)),
  'lying_dims_512.jpg': ({ jpeg }) => withJpegFrame(jpeg, { width: 640 }),
  'lying_dims_65500.jpg': ({ jpeg }) => withJpegFrame(jpeg, { width: 65_500, height: 65_500 }),
  'zero_dims.png': () => pngAround({ width: 0, height: 0 }, deflatedZeros(10)),
  'zero_height.jpg': ({ jpeg }) => withJpegFrame(jpeg, { height: 0 }),
};

/** Damaged photos. */
const BROKEN: Readonly<Record<string, Maker>> = {
  // WebP has no checksum: a flipped bit in the pixels goes unnoticed, but not one in the size of its first partition.
  'bitflip.webp': ({ webp }) => flipped(webp, [22]),
  'header_only.jpg': ({ jpeg }) => jpeg.subarray(0, 200),
  'jpeg_5comp.jpg': ({ jpeg }) => withJpegFrame(jpeg, { components: 5 }),
  'jpeg_sof3_lossless.jpg': ({ jpeg }) => withJpegFrame(jpeg, { marker: 0xc3 }),
  'jpeg_sof5_hier.jpg': ({ jpeg }) => withJpegFrame(jpeg, { marker: 0xc5 }),
  'no_eoi.jpg': ({ jpeg }) => jpeg.subarray(0, -2),
  'truncated_50.webp': ({ webp }) => webp.subarray(0, webp.length / 2),
  'truncated_last10.jpg': ({ jpeg }) => jpeg.subarray(0, -10),
};

/** Unusual but valid photos. */
const VALID: Readonly<Record<string, Maker>> = {
  'all_transparent.png': () => flat(256, 256).ensureAlpha(0).png().toBuffer(),
  'apng_2frames.png': ({ png }) => withPngChunks(png, [pngChunk('acTL', Buffer.of(0, 0, 0, 2, 0, 0, 0, 0))]),
  'exif_corrupt.jpg': ({ jpeg }) =>
    withJpegSegments(jpeg, [exifSegment(padded('II*\0\xff\xff\xff\xff', 90))]),
  // The header claims arithmetic coding for Huffman data: libjpeg decodes noise and cannot know.
  'jpeg_sof9_arith.jpg': ({ jpeg }) => withJpegFrame(jpeg, { marker: 0xc9 }),
  'leading_ff_padding.jpg': ({ jpeg }) => withJpegSegments(jpeg, [Buffer.from([0xff, 0xff])]),
  'noise_512.jpg': () =>
    sharp(noise(512 * 512 * 3), { raw: { width: 512, height: 512, channels: 3 } })
      .jpeg()
      .toBuffer(),
  'ok.webp': ({ webp }) => webp,
  'ok_alpha.webp': ({ photo }) => photo().ensureAlpha(0.5).webp().toBuffer(),
  'ok_baseline.jpg': ({ jpeg }) => jpeg,
  'ok_cmyk.jpg': ({ photo }) => photo().toColourspace('cmyk').jpeg().toBuffer(),
  'ok_exif_orient1.jpg': ({ jpeg }) => withJpegSegments(jpeg, [orientationSegment(1)]),
  'ok_exif_orient6.jpg': ({ jpeg }) => withJpegSegments(jpeg, [orientationSegment(6)]),
  'ok_exif_orient7.jpg': ({ jpeg }) => withJpegSegments(jpeg, [orientationSegment(7)]),
  'ok_exif_orient8.jpg': ({ jpeg }) => withJpegSegments(jpeg, [orientationSegment(8)]),
  'ok_gray16.png': ({ photo }) => photo().toColourspace('grey16').png().toBuffer(),
  'ok_graya.png': ({ photo }) => photo().greyscale().ensureAlpha(0.5).toColourspace('b-w').png().toBuffer(),
  'ok_interlaced.png': ({ photo }) => photo().png({ progressive: true }).toBuffer(),
  'ok_lossless.webp': ({ photo }) => photo().webp({ lossless: true, effort: 0 }).toBuffer(),
  'ok_p3_icc.jpg': ({ photo }) => photo().withIccProfile('p3').jpeg().toBuffer(),
  'ok_progressive.jpg': ({ photo }) => photo().jpeg({ progressive: true }).toBuffer(),
  'png_named.jpg': ({ png }) => png,
  'polyglot_jpg_html.jpg': ({ jpeg }) =>
    withJpegSegments(jpeg, [jpegSegment(0xfe, latin('<script>1</script>'))]),
  'polyglot_jpg_zip.jpg': ({ jpeg }) => Buffer.concat([jpeg, padded('PK\x05\x06', 18)]),
  'px_10000x1.jpg': () => flat(10_000, 1).jpeg().toBuffer(),
  'px_1x1.jpg': () => flat(1, 1).jpeg().toBuffer(),
  'px_1x1.png': () => flat(1, 1).png().toBuffer(),
  'px_1x10000.png': () => flat(1, 10_000).png().toBuffer(),
  'px_32x32.jpg': () => flat(32, 32).jpeg().toBuffer(),
  'solid_512_white.jpg': () => flat(512, 512, '#fff').jpeg().toBuffer(),
  'two_jpegs_concat.jpg': async ({ jpeg, photo }) =>
    Buffer.concat([jpeg, await photo().negate().jpeg().toBuffer()]),
};

const MAKERS: Readonly<Record<string, Maker>> = { ...FOREIGN, ...BOMBS, ...BROKEN, ...VALID };

/** Names of all hostile files, as in test/fixtures/bad-images.jsonl. */
export const HOSTILE_IMAGE_NAMES: readonly string[] = Object.keys(MAKERS);

export interface HostileImages {
  /** The upright photo in most files, as a lossless PNG. */
  readonly original: Buffer;
  /** Makes one file of HOSTILE_IMAGE_NAMES deterministically. */
  make(name: string): Promise<Buffer>;
}

/** Prepares the photo for hostile files. Reads only a sample photo and writes nothing. */
export async function createHostileImages(): Promise<HostileImages> {
  const original = await sharp(samplePhoto(1)).resize(320, 240, { fit: 'cover' }).png().toBuffer();
  const photo = (): Sharp => sharp(original);
  const base: Base = {
    photo,
    png: original,
    jpeg: await photo().jpeg({ quality: 90 }).toBuffer(),
    webp: await photo().webp().toBuffer(),
  };
  return {
    original,
    make: async (name) => {
      const maker = MAKERS[name];
      if (!maker) throw new Error(`there is no hostile image ${name}`);
      return maker(base);
    },
  };
}

/** Returns pseudo-random bytes that are the same on every run. */
export function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

function flat(width: number, height: number, background = '#777'): Sharp {
  return sharp({ create: { width, height, channels: 3, background } });
}

/** Two different frames, because encoders turn identical frames into a still picture. */
export async function animated(png: Buffer): Promise<Sharp> {
  return sharp([png, await sharp(png).negate().png().toBuffer()], { join: { animated: true } });
}

function fileTypeBox(major: string, compatible: string): Buffer {
  return padded(`\0\0\0\x14ftyp${major}\0\0\0\0${compatible}`, 200);
}

function laughs(): string {
  const entities = ['<!ENTITY a0 "ha">'];
  for (let level = 1; level < 10; level += 1) {
    entities.push(`<!ENTITY a${level} "${`&a${level - 1};`.repeat(10)}">`);
  }
  return entities.join('');
}

function flipped(bytes: Buffer, positions: readonly number[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const position of positions) copy[position] = (copy[position] ?? 0) ^ 0xff;
  return copy;
}

/** Overwrites the size in the key frame header of a lossy WebP; it follows the start code 9D 01 2A. */
function withVp8Size(webp: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(webp);
  const at = copy.indexOf(Buffer.from([0x9d, 0x01, 0x2a])) + 3;
  copy.writeUInt16LE(width, at);
  copy.writeUInt16LE(height, at + 2);
  return copy;
}
