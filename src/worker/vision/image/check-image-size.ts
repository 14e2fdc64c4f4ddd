import { VerificationError } from '../../../shared/errors.js';
import type { ImageFormat } from '../types.js';

/** How large a photo may be. */
export interface SizeLimits {
  /** Width times height of a JPEG, px. Other formats may have half of it, because they cannot be decoded reduced. */
  readonly maxPixels: number;
  /** Least length of the shorter side, px: the smallest face that counts. Absent: 1. */
  readonly minSidePx?: number;
  /** Most memory that decoding may take, bytes, as estimateDecodeBytes reckons it. Absent: no limit. */
  readonly maxDecodeBytes?: number;
  /** True if the photo is decoded at full size, which takes 3 bytes a pixel more. Default false. */
  readonly fullSize?: boolean;
}

/** What a photo's header says of its size. */
export interface ImageDimensions {
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  /** Samples of a pixel, alpha included. */
  readonly channels: number;
  /** Bytes of a sample once it is decoded. */
  readonly sampleBytes: number;
}

/** The longest side of a JPEG and of a GIF; longer rows of other formats cost memory out of proportion. */
export const MAX_SIDE_PX = 65_535;

/**
 * The longer side may be at most this many times the shorter. Panoramas and scrolled screenshots stay below 18; a
 * face in a narrower strip could not be seen, and strips cost most by the pixel: 1,000,000 × 50 px took 1.7 GB.
 */
export const MAX_ASPECT = 20;

/** Share of `maxPixels` that formats other than JPEG may have. */
const SHARE_WITHOUT_REDUCTION = 0.5;

const MEGABYTE = 1_000_000;

/**
 * Refuses a photo whose size makes it useless or too expensive to decode. Pure; takes no time.
 * @throws VerificationError face_too_small, too_small: the shorter side cannot hold the smallest face that counts.
 * @throws VerificationError image_too_large: a side, the aspect ratio, the pixels or the memory to decode them are over
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
        ? `The image has more than ${most} pixels.`
        : `The image has more than ${most} pixels, and only a JPEG may have up to ${maxPixels}.`,
    );
  }
  if (long > MAX_ASPECT * short)
    refuse(`The image's longer side is more than ${MAX_ASPECT} times its shorter side.`);
  const decodeBytes = estimateDecodeBytes(image) + (limits.fullSize ? 3 * width * height : 0);
  if (decodeBytes > maxDecodeBytes) {
    refuse(
      `Decoding the image takes up to ${Math.ceil(decodeBytes / MEGABYTE)} MB of memory, ` +
        `more than the ${Math.floor(maxDecodeBytes / MEGABYTE)} MB allowed. A smaller JPEG helps.`,
    );
  }
}

/**
 * Returns the most memory that decoding a photo takes beside the process itself, bytes. The worst of each format was
 * measured at its limits (docs/security-checks.md); small photos take some 30 MB more for their strips of rows.
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
      // The coefficients of all blocks, which a JPEG of several scans keeps until its end.
      return channels * 2;
    case 'png':
      // The whole picture when it is interlaced; about half of it when it is wide.
      return channels * sampleBytes;
    case 'webp':
      return 8;
    case 'gif':
      return 5;
    case 'tiff':
      // A strip or tile may be as large as the picture, and stands beside it.
      return channels * sampleBytes * 2;
    case 'avif':
      return 20 * sampleBytes;
  }
}
