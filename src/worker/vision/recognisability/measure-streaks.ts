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
      const twice = 2 * values[i]!;
      const second = (step: number) => values[i - step]! + values[i + step]! - twice;
      across += second(1) ** 2;
      down += second(side) ** 2;
      slanted += second(side + 1) ** 2 - second(side - 1) ** 2;
    }
  }
  const difference = Math.hypot(across - down, slanted);
  return {
    anisotropy: difference / (across + down + 1),
    leastDetail: Math.max(0, across + down - difference),
  };
}
