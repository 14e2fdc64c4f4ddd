import type { LumaPlane } from './luma-plane.js';

export interface Streaks {
  /** How much the detail depends on its direction, 0..1. A moving camera removes the detail along its path. */
  readonly anisotropy: number;
  /** Power of the second derivative in the direction with the least power. */
  readonly leastDetail: number;
}

/** Returns the streaks in the middle of a picture. `margin`: pixels left out at each edge, at least 1. */
export function measureStreaks({ side, values }: LumaPlane, margin: number): Streaks {
  let across = 0;
  let down = 0;
  let slanted = 0;
  for (let y = margin; y < side - margin; y++) {
    for (let i = y * side + margin; i < y * side + side - margin; i++) {
      across += secondDerivative(values, i, 1) ** 2;
      down += secondDerivative(values, i, side) ** 2;
      slanted += secondDerivative(values, i, side + 1) ** 2 - secondDerivative(values, i, side - 1) ** 2;
    }
  }
  const difference = Math.hypot(across - down, slanted);
  return {
    anisotropy: difference / (across + down + 1),
    leastDetail: Math.max(0, across + down - difference),
  };
}

/** A function of its own: a closure for each pixel would be 800 kB of garbage a photo. */
function secondDerivative(values: Float32Array, i: number, step: number): number {
  return values[i - step]! + values[i + step]! - 2 * values[i]!;
}
