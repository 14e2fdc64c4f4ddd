import { ALIGNED_SIDE_PX } from '../face/align-face.js';
import type { LumaPlane } from './luma-plane.js';

/** Side of a block of the aligned face, px. */
const BLOCK_PX = 7;

/** Blocks left out at each edge, which show hair and background. */
const EDGE_BLOCKS = 2;

const BLOCKS = ALIGNED_SIDE_PX / BLOCK_PX - 2 * EDGE_BLOCKS;
const BLOCK_COUNT = BLOCKS * BLOCKS;

/** Numbers that measureAppearance returns: the brightness of each block, then its detail. */
export const APPEARANCE_LENGTH = 2 * BLOCK_COUNT;

/**
 * Returns a coarse picture of an aligned face of 12 × 12 blocks: brightness with mean 0 and deviation 1, then fine detail
 * (logarithm of the Laplacian's power) with mean 0. Every clear face has dark eyes with fine detail around them; drawings,
 * negatives and covered faces do not.
 */
export function measureAppearance({ side, values }: LumaPlane): Float32Array {
  const appearance = new Float32Array(APPEARANCE_LENGTH);
  for (let index = 0; index < BLOCK_COUNT; index++) {
    const left = (EDGE_BLOCKS + (index % BLOCKS)) * BLOCK_PX;
    const top = (EDGE_BLOCKS + Math.floor(index / BLOCKS)) * BLOCK_PX;
    let sum = 0;
    let power = 0;
    for (let y = top; y < top + BLOCK_PX; y++) {
      for (let i = y * side + left; i < y * side + left + BLOCK_PX; i++) {
        const value = values[i]!;
        sum += value;
        power += (values[i - 1]! + values[i + 1]! + values[i - side]! + values[i + side]! - 4 * value) ** 2;
      }
    }
    appearance[index] = sum / BLOCK_PX ** 2;
    appearance[BLOCK_COUNT + index] = Math.log(power / BLOCK_PX ** 2 + 1);
  }
  centre(appearance.subarray(0, BLOCK_COUNT), { toUnitDeviation: true });
  centre(appearance.subarray(BLOCK_COUNT), { toUnitDeviation: false });
  return appearance;
}

/** Subtracts the mean in place, and divides by the deviation where asked; a deviation below 1 counts as 1. */
function centre(values: Float32Array, { toUnitDeviation }: { readonly toUnitDeviation: boolean }): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const scale = toUnitDeviation ? Math.max(1, Math.sqrt(square)) : 1;
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - mean) / scale;
}
