import { VerificationError } from '../../../shared/errors.js';
import type { ImageFormat } from '../types.js';

/** Limits on the size of a photo. */
export interface SizeLimits {
  /** Width times height of a JPEG, px. Other formats can have half of it, because they cannot be decoded at reduced size. */
  readonly maxPixels: number;
  /** Least length of the shorter side, px: the smallest accepted face. Absent: 1. */
  readonly minSidePx?: number;
  /** Memory that decoding can take at most, bytes, estimated by estimateDecodeBytes. Absent: no limit. */
  readonly maxDecodeBytes?: number;
  /** True if the photo is decoded at full size, which takes 3 more bytes per pixel. Default false. */
  readonly fullSize?: boolean;
}

/** The size of a photo according to its header. */
export interface ImageDimensions {
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  /** Samples per pixel, including alpha. */
  readonly channels: number;
  /** Bytes of a decoded sample. */
  readonly sampleBytes: number;
}

/** The longest possible side of a JPEG or GIF. In other formats, longer rows take disproportionate memory. */
export const MAX_SIDE_PX = 65_535;

/**
 * Limit on the ratio of the longer to the shorter side. Panoramas and scrolling screenshots stay below 18. A narrower
 * strip cannot show a face, and strips take the most memory per pixel: 1,000,000 × 50 px took 1.7 GB.
 */
export const MAX_ASPECT = 20;

/** Fraction of `maxPixels` for formats other than JPEG. */
const SHARE_WITHOUT_REDUCTION = 0.5;

const MEGABYTE = 1_000_000;

const RAISE_PIXELS = 'Operators can raise MAX_IMAGE_PIXELS.';

/**
 * Refuses a photo that is too small to be useful or too large to decode.
 * @throws VerificationError face_too_small, too_small: the shorter side is below the smallest accepted face.
 * @throws VerificationError image_too_large: a side, the aspect ratio, the number of pixels or the decoding memory exceeds
 *   a limit.
 */
export function checkImageSize(image: ImageDimensions, limits: SizeLimits): void {
  const { format, width, height } = image;
  const short = Math.min(width, height);
  const long = Math.max(width, height);
  const { maxPixels, minSidePx = 1, maxDecodeBytes = Number.POSITIVE_INFINITY } = limits;
  const context = { width, height };
  if (short < minSidePx) {
    const detail = `The image is ${width} × ${height} pixels, too small for a face of ${minSidePx} pixels.`;
    throw new VerificationError('face_too_small', { reason: 'too_small', detail, context });
  }
  const refuse = (detail: string): never => {
    throw new VerificationError('image_too_large', { detail, context });
  };
  if (long > MAX_SIDE_PX) refuse(`The image has a side of more than ${MAX_SIDE_PX} pixels.`);
  const most = format === 'jpeg' ? maxPixels : Math.floor(maxPixels * SHARE_WITHOUT_REDUCTION);
  if (width * height > most) {
    refuse(
      format === 'jpeg'
        ? `The image has more than ${most} pixels. ${RAISE_PIXELS}`
        : `The image has more than ${most} pixels. Only a JPEG can have up to ${maxPixels}. ${RAISE_PIXELS}`,
    );
  }
  if (long > MAX_ASPECT * short)
    refuse(`The image's longer side is more than ${MAX_ASPECT} times its shorter side.`);
  const decodeBytes = estimateDecodeBytes(image) + (limits.fullSize ? 3 * width * height : 0);
  if (decodeBytes > maxDecodeBytes) {
    refuse(
      `Decoding the image takes up to ${Math.ceil(decodeBytes / MEGABYTE)} MB of memory, ` +
        `more than the ${Math.floor(maxDecodeBytes / MEGABYTE)} MB allowed. A smaller JPEG helps. ` +
        'Operators can raise VISION_MEMORY_MB.',
    );
  }
}

/**
 * Returns the memory that decoding a photo takes at most, in addition to the process itself, bytes. The worst case of each
 * format was measured at its limits (docs/security-checks.md). Small photos take about 30 MB more for strips of rows.
 */
export function estimateDecodeBytes({
  format,
  width,
  height,
  channels,
  sampleBytes,
}: ImageDimensions): number {
  return width * height * bytesPerPixel({ format, channels, sampleBytes });
}

function bytesPerPixel(image: Pick<ImageDimensions, 'format' | 'channels' | 'sampleBytes'>): number {
  const { format, channels, sampleBytes } = image;
  switch (format) {
    case 'jpeg':
      // The coefficients of all blocks: a JPEG of several scans keeps them until its end.
      return channels * 2;
    case 'png':
      // The whole picture if it is interlaced; about half of it if it is wide.
      return channels * sampleBytes;
    case 'webp':
      return 8;
    case 'gif':
      return 5;
    case 'tiff':
      // A strip or tile can be as large as the picture and is held in addition to it.
      return channels * sampleBytes * 2;
    case 'avif':
      return 20 * sampleBytes;
  }
}
