import sharp, { type KernelEnum, type Sharp } from 'sharp';
import type { RgbImage } from '../src/worker/vision/types.js';

const open = ({ width, height, data }: RgbImage): Sharp =>
  sharp(data, { raw: { width, height, channels: 3 } });

/** Returns an encoded picture or an SVG as upright RGB; transparency is blended with mid-grey. */
export async function readPicture(bytes: Uint8Array): Promise<RgbImage> {
  return toRgb(sharp(bytes).autoOrient());
}

/** Returns the picture as PNG. */
export function encodePng(image: RgbImage): Promise<Buffer> {
  return open(image).png({ compressionLevel: 1 }).toBuffer();
}

/** Returns the picture after JPEG compression of the given quality, 1..100. */
export async function throughJpeg(image: RgbImage, quality: number): Promise<RgbImage> {
  return toRgb(sharp(await open(image).jpeg({ quality }).toBuffer()));
}

/** Returns the picture blurred; `sigma` in px. */
export function blurPicture(image: RgbImage, sigma: number): Promise<RgbImage> {
  return toRgb(open(image).blur(Math.max(0.3, sigma)));
}

/** Returns the picture with the median of a square of `sidePx` around each pixel: flat areas, like a painting. */
export function flattenPicture(image: RgbImage, sidePx: number): Promise<RgbImage> {
  return toRgb(open(image).median(sidePx));
}

/** Returns the picture at another size. */
export function resizePicture(
  image: RgbImage,
  { width, height, kernel = 'lanczos3' }: { width: number; height: number; kernel?: keyof KernelEnum },
): Promise<RgbImage> {
  const size = { width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) };
  return toRgb(open(image).resize({ ...size, fit: 'fill', kernel }));
}

/** Returns a part of the picture, in whole pixels; it must lie inside. */
export function cutPicture(
  image: RgbImage,
  part: { left: number; top: number; width: number; height: number },
): Promise<RgbImage> {
  return toRgb(open(image).extract(part));
}

/** Returns the picture with an SVG of the same size drawn over it. */
export function drawOver(image: RgbImage, svg: string): Promise<RgbImage> {
  return toRgb(open(image).composite([{ input: Buffer.from(svg) }]));
}

async function toRgb(pipeline: Sharp): Promise<RgbImage> {
  const { data, info } = await pipeline
    .flatten({ background: { r: 128, g: 128, b: 128 } })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
