import sharp, { type Sharp } from 'sharp';
import { VerificationError } from '../../../shared/errors.js';
import type { Box, ImageFormat, RgbImage } from '../types.js';
import { type ImageInfo, type ImageLimits, inspectImage, untrustedInput } from './inspect-image.js';
import { toStoredRegion } from './orientation.js';

export interface DecodeOptions extends ImageLimits {
  /** What inspectImage told of the same bytes within the same limits; absent: they are inspected here. */
  readonly info?: ImageInfo;
  /** The longer edge is reduced to at most this, px; absent: full size. Never enlarges. */
  readonly targetLongEdgePx?: number;
  /** Clockwise turn applied after the photo has been put upright. */
  readonly rotateDeg?: 0 | 90 | 180 | 270;
}

/** A decoded photo and how much smaller it is than the original. */
export interface DecodedImage extends RgbImage {
  /** Decoded long edge / long edge of the upright original, 0..1. */
  readonly scale: number;
}

/** A part of a photo at full resolution. */
export interface DecodedRegion extends RgbImage {
  /** What was decoded, in whole pixels of the upright photo: the region asked for, rounded outwards, clipped and cut. */
  readonly region: Box;
}

export interface RegionOptions extends ImageLimits {
  /** As for decodeImage. */
  readonly info?: ImageInfo;
  /** Pixels of the upright photo at full size. */
  readonly region: Box;
}

/**
 * Longest side of a region, px: three times the largest face that the reduced photo of a 100-megapixel camera shows
 * smaller than its aligned picture, or nearly. It bounds what a region costs, 50 MB, whatever the photo's size.
 */
const MAX_REGION_PX = 4_096;

/** Seen through a photo's transparent parts: mid-grey, as near to skin as to hair, so that it makes no strong edge. */
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
 * Closes every decoder of this process but those that read `formats` from memory: no file path, no URL, no other format
 * can be opened afterwards. Call once per process, before the first photo. Also turns libvips' cache off (it would keep
 * pixels of other people's photos) and its threads to one (processes run side by side instead).
 */
export function blockUntrustedLoaders(formats: readonly ImageFormat[]): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: formats.map((format) => BUFFER_LOADERS[format]) });
  sharp.cache(false);
  sharp.concurrency(1);
}

/**
 * Returns a photo as upright 8-bit sRGB. With `targetLongEdgePx` a JPEG is decoded at 1/2, 1/4 or 1/8 by its own
 * transform and only then resized, which costs half or less of the full decoding. An embedded ICC profile is applied
 * (a missing or broken one means sRGB; CMYK without one: a general press profile), transparency is laid on mid-grey.
 * Memory: 3 bytes a pixel of the result, more inside the decoder (progressive JPEG: 6 bytes a pixel of the original).
 * @throws VerificationError as inspectImage; image_undecodable also when the pixels are broken or cut off.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  const info = options.info ?? (await inspectImage(bytes, options));
  const target = options.targetLongEdgePx;
  let pipeline = openPixels(bytes, info, options);
  // The resize must be named before any turn: sharp gives up on the reduced decoding when it has to turn first.
  if (target !== undefined && target < Math.max(info.width, info.height)) {
    pipeline = pipeline.resize({ width: target, height: target, fit: 'inside', withoutEnlargement: true });
  }
  pipeline = pipeline.autoOrient();
  if (options.rotateDeg) pipeline = pipeline.rotate(options.rotateDeg);
  const image = await toRgb(pipeline);
  return { ...image, scale: longEdge(image) / longEdge(info) };
}

/**
 * Returns a part of the upright photo at full resolution, decoding nothing below it. The region is rounded outwards to
 * whole pixels, clipped to the photo, and cut around its centre to at most 4,096 pixels a side.
 * @throws VerificationError as decodeImage. A region outside the photo is a bug of the caller and throws an Error.
 */
export async function decodeRegion(bytes: Uint8Array, options: RegionOptions): Promise<DecodedRegion> {
  const info = options.info ?? (await inspectImage(bytes, options));
  const region = toPixels(options.region, info);
  const stored = toStoredRegion(region, info);
  // The cut is named before the turn: sharp would otherwise decode and turn the whole photo to cut from it.
  const pipeline = openPixels(bytes, info, options)
    .extract({ left: stored.x, top: stored.y, width: stored.width, height: stored.height })
    .autoOrient();
  return { ...(await toRgb(pipeline)), region };
}

function openPixels(bytes: Uint8Array, info: ImageInfo, limits: ImageLimits): Sharp {
  const pipeline = sharp(bytes, untrustedInput(limits.maxPixels));
  // sharp turns 16-bit colours that carry a profile into Display P3 and then reads them as sRGB; at 8 bits it does not.
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

/** Start and length of a span in whole pixels: rounded outwards, clipped to 0..`most`, cut around its centre. */
function toPixelSpan(start: number, length: number, most: number): readonly [number, number] {
  const from = Math.max(0, Math.floor(start));
  const to = Math.min(most, Math.ceil(start + length));
  if (!(to > from)) throw new Error('this is a bug: the region lies outside the photo');
  const excess = Math.max(0, to - from - MAX_REGION_PX);
  return [from + (excess >> 1), to - from - excess];
}

const longEdge = ({ width, height }: { width: number; height: number }): number => Math.max(width, height);
