import sharp, { type Metadata, type SharpOptions } from 'sharp';
import { VerificationError } from '../../shared/errors.js';
import { readImageSignature } from './image-signature.js';
import { countJpegScans } from './jpeg-scan-count.js';
import type { ImageFormat } from './types.js';

/** What a photo may be. */
export interface ImageLimits {
  /** Width times height, px. */
  readonly maxPixels: number;
  readonly formats: readonly ImageFormat[];
}

/** What is known of a photo before its pixels are decoded. */
export interface ImageInfo {
  readonly format: ImageFormat;
  /** Size of the upright picture, px. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, 1..8; 1 when there is none or a wrong one. */
  readonly orientation: number;
}

/**
 * A JPEG with more scans is refused. Cameras write 1, progressive encoders about 10. A valid file of 1.3 MB with 883
 * scans kept a decoder busy for 7 s, and each scan costs a pass over all pixels.
 */
export const MAX_JPEG_SCANS = 100;

const FORMAT_NAMES: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  avif: 'AVIF',
  gif: 'GIF',
  tiff: 'TIFF',
};

/**
 * Returns a photo's type and upright size without decoding its pixels: the gate every photo passes first.
 * The type is decided by content alone. `bytes` are only read.
 * @throws VerificationError image_unsupported: not a type in `limits.formats`, or a moving picture; the text names the type.
 * @throws VerificationError image_too_large: more pixels than `limits.maxPixels`, or more JPEG scans than MAX_JPEG_SCANS.
 * @throws VerificationError image_undecodable: the header is broken.
 */
export async function inspectImage(bytes: Uint8Array, limits: ImageLimits): Promise<ImageInfo> {
  const format = requireEnabledFormat(bytes, limits.formats);
  if (format === 'jpeg') refuseScanBomb(bytes);
  const metadata = await readMetadata(bytes);
  const { width, height } = metadata.autoOrient;
  if (width * height > limits.maxPixels) {
    throw new VerificationError('image_too_large', {
      detail: `The image has more than ${limits.maxPixels} pixels.`,
      context: { width, height },
    });
  }
  refuseSeveralPictures(format, metadata.pages ?? 1);
  const orientation = metadata.orientation ?? 1;
  return { format, width, height, orientation: orientation >= 1 && orientation <= 8 ? orientation : 1 };
}

/** Sharp options for bytes that nobody vouches for. `maxPixels` undefined: no limit, for reading a header. */
export function untrustedInput(maxPixels?: number): SharpOptions {
  // 'warning' is the only level at which a broken JPEG does not decode to partly invented pixels.
  return { failOn: 'warning', limitInputPixels: maxPixels ?? false, unlimited: false };
}

function requireEnabledFormat(bytes: Uint8Array, formats: readonly ImageFormat[]): ImageFormat {
  const { name, format } = readImageSignature(bytes);
  if (format !== undefined && formats.includes(format)) return format;
  throw new VerificationError('image_unsupported', {
    detail: describeUnsupported(name),
    context: { type: name ?? 'unknown' },
  });
}

function describeUnsupported(name: string | undefined): string {
  if (name === undefined) return 'The file is not an image of a known type.';
  return name === 'empty' ? 'The file is empty.' : `The file is ${name}, which is not supported.`;
}

function refuseScanBomb(bytes: Uint8Array): void {
  if (countJpegScans(bytes, MAX_JPEG_SCANS) <= MAX_JPEG_SCANS) return;
  // The file is valid and other programs show it, so "broken" would mislead: it costs too much, and saving it anew helps.
  throw new VerificationError('image_too_large', {
    detail: `The JPEG has more than ${MAX_JPEG_SCANS} scans.`,
  });
}

async function readMetadata(bytes: Uint8Array): Promise<Metadata> {
  const header = sharp(bytes, untrustedInput());
  try {
    return await header.metadata();
  } catch (cause) {
    throw new VerificationError('image_undecodable', { cause });
  }
}

function refuseSeveralPictures(format: ImageFormat, pages: number): void {
  if (pages <= 1) return;
  const type = format === 'tiff' ? 'a TIFF of several pages' : `an animated ${FORMAT_NAMES[format]}`;
  throw new VerificationError('image_unsupported', {
    detail: `The file is ${type}, which is not supported.`,
    context: { pages },
  });
}
