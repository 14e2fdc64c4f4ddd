import {
  type DecodedImage,
  type DecodedRegion,
  type DecodeOptions,
  decodeImage,
  decodeRegion,
  type RegionOptions,
} from '../../../src/worker/vision/image/decode-image.js';
import { type ImageLimits, inspectImage } from '../../../src/worker/vision/image/inspect-image.js';

/** Inspects a photo and decodes it within the same limits. */
export async function inspectAndDecode(
  bytes: Uint8Array,
  options: ImageLimits & Omit<DecodeOptions, 'info'>,
): Promise<DecodedImage> {
  return decodeImage(bytes, { ...options, info: await inspectImage(bytes, options) });
}

/** Inspects a photo and decodes a region of it within the same limits. */
export async function inspectAndDecodeRegion(
  bytes: Uint8Array,
  options: ImageLimits & Omit<RegionOptions, 'info'>,
): Promise<DecodedRegion> {
  return decodeRegion(bytes, { ...options, info: await inspectImage(bytes, options) });
}
