import sharp from 'sharp';
import type { RgbImage } from '../src/worker/vision/types.js';

/** Returns an image as a JPEG in a data URI. `quality`: 1..100. */
export async function encodeJpegUri({ data, width, height }: RgbImage, quality: number): Promise<string> {
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return `data:image/jpeg;base64,${bytes.toString('base64')}`;
}

/** Returns a drawing of our own making as a PNG. `svg` must not hold text of others that is not escaped. */
export async function renderPng(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg)).png().toBuffer();
}
