import sharp from 'sharp';
import type { RgbImage } from '../../worker/vision/types.js';

/** Returns an image as a JPEG in a data URI. `quality`: 1..100. */
export async function encodeJpegUri({ data, width, height }: RgbImage, quality: number): Promise<string> {
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return `data:image/jpeg;base64,${bytes.toString('base64')}`;
}

/** Renders an SVG as PNG. `svg` must not contain unescaped text from others. */
export async function renderPng(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg)).png().toBuffer();
}
