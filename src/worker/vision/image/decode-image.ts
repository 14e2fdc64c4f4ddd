import sharp, { type Sharp } from 'sharp';
import { VerificationError } from '../../../shared/errors.js';
import type { Box, ImageFormat, RgbImage } from '../types.js';
import { type ImageInfo, untrustedInput } from './inspect-image.js';
import { toStoredRegion } from './orientation.js';

export interface DecodeOptions {
  /** Result of inspectImage for the same bytes and the same limits. */
  readonly info: ImageInfo;
  /** Width times height at most, px. */
  readonly maxPixels: number;
  /** Longest edge of the result, px. Absent: full size. Never enlarges. */
  readonly targetLongEdgePx?: number;
  /** Clockwise turn of the upright photo. */
  readonly rotateDeg?: 0 | 90 | 180 | 270;
}

/** A decoded photo and its scale compared with the original. */
export interface DecodedImage extends RgbImage {
  /** Decoded long edge / long edge of the upright original, 0..1. */
  readonly scale: number;
}

/** A part of a photo at full resolution. */
export interface DecodedRegion extends RgbImage {
  /** The decoded part in whole pixels of the upright photo: the requested region, rounded outwards, clipped and cropped. */
  readonly region: Box;
}

export interface RegionOptions extends Pick<DecodeOptions, 'info' | 'maxPixels'> {
  /** Pixels of the upright photo at full size. */
  readonly region: Box;
}

/**
 * Longest side of a region, px: about three times the largest face that is smaller than its aligned picture in the
 * reduced photo of a 100-megapixel camera. It limits the cost of a region to 50 MB, whatever the photo's size.
 */
const MAX_REGION_PX = 4_096;

/** Background of transparent parts: mid-grey, between skin and hair, so that it makes no strong edge. */
const BACKGROUND = { r: 128, g: 128, b: 128 };

const BUFFER_LOADERS: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'VipsForeignLoadJpegBuffer',
  png: 'VipsForeignLoadPngBuffer',
  webp: 'VipsForeignLoadWebpBuffer',
  avif: 'VipsForeignLoadHeifBuffer',
  gif: 'VipsForeignLoadNsgifBuffer',
  tiff: 'VipsForeignLoadTiffBuffer',
};

/**
 * Disables every decoder of this process except those that read `formats` from memory. After that no file path, URL or
 * other format can be opened. Call once per process, before the first photo. Also disables the cache of libvips, which
 * would keep pixels of other people's photos, and limits it to one thread, because processes run side by side.
 */
export function blockUntrustedLoaders(formats: readonly ImageFormat[]): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: formats.map((format) => BUFFER_LOADERS[format]) });
  sharp.cache(false);
  sharp.concurrency(1);
}

/**
 * Returns a photo as upright 8-bit sRGB. With `targetLongEdgePx` a JPEG is decoded at 1/2, 1/4 or 1/8 by its own
 * transform and only then resized, at half the cost of full decoding or less. An embedded ICC profile is applied; a
 * missing or broken one means sRGB (CMYK without one: a general press profile). Transparency is blended with mid-grey.
 * Memory: 3 bytes per pixel of the result, more inside the decoder (progressive JPEG: 6 bytes per pixel of the original).
 * @throws VerificationError image_undecodable if the pixels are broken or truncated.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  const { info, targetLongEdgePx: target } = options;
  let pipeline = openPixels(bytes, options);
  // The resize must come before any turn: sharp cannot decode at reduced size if it has to turn first.
  if (target !== undefined && target < Math.max(info.width, info.height)) {
    pipeline = pipeline.resize({ width: target, height: target, fit: 'inside', withoutEnlargement: true });
  }
  pipeline = pipeline.autoOrient();
  if (options.rotateDeg) pipeline = pipeline.rotate(options.rotateDeg);
  const image = await toRgb(pipeline);
  return { ...image, scale: longEdge(image) / longEdge(info) };
}

/**
 * Returns a part of the upright photo at full resolution; nothing below it is decoded. The region is rounded outwards to
 * whole pixels, clipped to the photo, and cropped around its centre to at most 4,096 pixels a side.
 * @throws VerificationError as decodeImage. A region outside the photo is a bug of the caller and throws an Error.
 */
export async function decodeRegion(bytes: Uint8Array, options: RegionOptions): Promise<DecodedRegion> {
  const { info } = options;
  const region = toPixels(options.region, info);
  const stored = toStoredRegion(region, info);
  // The crop must come before the turn: sharp would otherwise decode and turn the whole photo.
  const pipeline = openPixels(bytes, options)
    .extract({ left: stored.x, top: stored.y, width: stored.width, height: stored.height })
    .autoOrient();
  return { ...(await toRgb(pipeline)), region };
}

function openPixels(
  bytes: Uint8Array,
  { info, maxPixels }: Pick<DecodeOptions, 'info' | 'maxPixels'>,
): Sharp {
  const pipeline = sharp(bytes, {
    ...untrustedInput(maxPixels),
    ignoreIcc: info.hasSrgbProfile && !info.deep,
  });
  // sharp converts 16-bit colours with a profile to Display P3 and then reads them as sRGB. At 8 bits it does not.
  return info.deep ? pipeline.pipelineColourspace('srgb') : pipeline;
}

async function toRgb(pipeline: Sharp): Promise<RgbImage> {
  const raw = pipeline
    .flatten({ background: BACKGROUND })
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' });
  const { data, info } = await raw.toBuffer({ resolveWithObject: true }).catch((cause: unknown) => {
    throw new VerificationError('image_undecodable', { cause });
  });
  if (info.channels !== 3)
    throw new Error(`this is a bug: ${info.channels} channels after conversion to RGB`);
  return { width: info.width, height: info.height, data };
}

function toPixels(region: Box, info: ImageInfo): Box {
  const [x, width] = toPixelSpan(region.x, region.width, info.width);
  const [y, height] = toPixelSpan(region.y, region.height, info.height);
  return { x, y, width, height };
}

/** Returns start and length of a span in whole pixels: rounded outwards, clipped to 0..`most`, cropped around its centre. */
function toPixelSpan(start: number, length: number, most: number): readonly [number, number] {
  const from = Math.max(0, Math.floor(start));
  const to = Math.min(most, Math.ceil(start + length));
  if (!(to > from)) throw new Error('this is a bug: the region lies outside the photo');
  const excess = Math.max(0, to - from - MAX_REGION_PX);
  return [from + (excess >> 1), to - from - excess];
}

const longEdge = ({ width, height }: { width: number; height: number }): number => Math.max(width, height);
