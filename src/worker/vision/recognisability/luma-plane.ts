import type { RgbImage } from '../types.js';

/** A square grey picture in 0..255. */
export interface LumaPlane {
  readonly side: number;
  readonly values: Float32Array;
}

/** Returns the luma of ITU-R BT.601 of a square picture. */
export function lumaOf({ width, data }: RgbImage): LumaPlane {
  const values = new Float32Array(data.length / 3);
  for (let i = 0; i < values.length; i++) {
    values[i] = 0.299 * data[i * 3]! + 0.587 * data[i * 3 + 1]! + 0.114 * data[i * 3 + 2]!;
  }
  return { side: width, values };
}
