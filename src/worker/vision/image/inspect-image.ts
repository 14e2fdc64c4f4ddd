import sharp, { type Metadata, type SharpOptions } from 'sharp';
import { VerificationError } from '../../../shared/errors.js';
import type { ImageFormat, VisionSettings } from '../types.js';
import { checkImageSize, type SizeLimits } from './check-image-size.js';
import { readImageSignature } from './image-signature.js';
import { isSrgbProfile } from './is-srgb-profile.js';
import { countJpegScans } from './jpeg/jpeg-scan-count.js';
import { nameUnreadableKind } from './name-unreadable-kind.js';

/** Limits on the format and size of a photo. */
export interface ImageLimits extends SizeLimits {
  readonly formats: readonly ImageFormat[];
}

/** Facts about a photo that are known before its pixels are decoded. */
export interface ImageInfo {
  readonly format: ImageFormat;
  /** Size of the upright picture, px. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, 1..8; 1 if it is missing or invalid. */
  readonly orientation: number;
  /** True if a sample has more than 8 bits. */
  readonly deep: boolean;
  /** True if an embedded colour profile is that of sRGB, which changes no pixel. */
  readonly hasSrgbProfile: boolean;
}

/** Scans of a JPEG at most. Cameras write 1, progressive encoders about 10; each costs a pass over all pixels. */
const MAX_JPEG_SCANS = 100;

/**
 * Limit on pixels times scans, as a multiple of `maxPixels`. Without it a photo of 40 MP in 100 scans takes 7 s to decode
 * (noise, arithmetic coding). With it the largest photo can still have the 10 scans that encoders write.
 */
const MAX_SCANNED_PICTURES = 12;

/** Bytes of a decoded sample, by sharp's name for its type. */
const SAMPLE_BYTES: Readonly<Record<string, number>> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  uint: 4,
  int: 4,
  float: 4,
  complex: 8,
  double: 8,
  dpcomplex: 16,
};

const FORMAT_NAMES: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  avif: 'AVIF',
  gif: 'GIF',
  tiff: 'TIFF',
};

/**
 * Returns a photo's type and upright size without decoding its pixels. Every photo must pass this check first. The content
 * alone decides the type. `bytes` are only read.
 * @throws VerificationError image_unsupported: the type is not in `limits.formats`, or the picture is animated; the text
 *   names the type.
 * @throws VerificationError face_too_small, image_too_large: as checkImageSize; image_too_large also for too many scans.
 * @throws VerificationError image_undecodable: the header is broken.
 */
export async function inspectImage(bytes: Uint8Array, limits: ImageLimits): Promise<ImageInfo> {
  const format = requireEnabledFormat(bytes, limits.formats);
  const metadata = await readMetadata(bytes);
  const { width, height } = metadata.autoOrient;
  const { channels = 4, depth = 'uchar' } = metadata;
  checkImageSize({ format, width, height, channels, sampleBytes: SAMPLE_BYTES[depth] ?? 16 }, limits);
  if (format === 'jpeg') refuseScanBomb(bytes, (MAX_SCANNED_PICTURES * limits.maxPixels) / (width * height));
  refuseSeveralPictures(format, metadata.pages ?? 1);
  const orientation = metadata.orientation ?? 1;
  return {
    format,
    width,
    height,
    orientation: orientation >= 1 && orientation <= 8 ? orientation : 1,
    deep: metadata.depth !== 'uchar',
    hasSrgbProfile: metadata.icc !== undefined && isSrgbProfile(metadata.icc),
  };
}

/** Returns the limits on photos under `settings`. */
export function imageLimitsOf(settings: VisionSettings): ImageLimits {
  return {
    maxPixels: settings.maxImagePixels,
    minSidePx: settings.minFaceSizePx,
    maxDecodeBytes: settings.maxDecodeBytes,
    fullSize: !settings.coarseDetection,
    formats: settings.imageFormats,
  };
}

/** Returns sharp's options for untrusted bytes. Without `maxPixels` there is no limit: only for reading a header. */
export function untrustedInput(maxPixels?: number): SharpOptions {
  // Only at level 'warning' does a broken JPEG fail instead of decoding to partly invented pixels.
  return { failOn: 'warning', limitInputPixels: maxPixels ?? false, unlimited: false };
}

function requireEnabledFormat(bytes: Uint8Array, formats: readonly ImageFormat[]): ImageFormat {
  const { name, format } = readImageSignature(bytes);
  if (format === undefined || !formats.includes(format)) throw unsupported(name, formats);
  const kind = nameUnreadableKind(bytes, format);
  if (kind !== undefined) throw unsupported(kind, formats);
  return format;
}

function unsupported(name: string | undefined, formats: readonly ImageFormat[]): VerificationError {
  return new VerificationError('image_unsupported', {
    detail: `${describeUnsupported(name)} ${describeSupported(formats)}`,
    context: { type: name ?? 'unknown' },
  });
}

/** Returns the advice to send one of these formats. */
function describeSupported(formats: readonly ImageFormat[]): string {
  const names = formats.map((format) => FORMAT_NAMES[format]);
  return `Send ${[names.slice(0, -1).join(', '), ...names.slice(-1)].filter(Boolean).join(' or ')}.`;
}

function describeUnsupported(name: string | undefined): string {
  if (name === undefined) return 'The file is not an image of a known type.';
  return name === 'empty' ? 'The file is empty.' : `The file is ${name}, which is not supported.`;
}

function refuseScanBomb(bytes: Uint8Array, affordableScans: number): void {
  const limit = Math.min(MAX_JPEG_SCANS, Math.floor(affordableScans));
  if (countJpegScans(bytes, limit) <= limit) return;
  // Not "undecodable": the file is valid, it only costs too much. Saving it again helps.
  throw new VerificationError('image_too_large', { detail: `The JPEG has more than ${limit} scans.` });
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
  const name = FORMAT_NAMES[format];
  const type =
    format === 'gif' || format === 'webp' ? `an animated ${name}` : `a ${name} of several pictures`;
  throw new VerificationError('image_unsupported', {
    detail: `The file is ${type}, which is not supported.`,
    context: { pages },
  });
}
