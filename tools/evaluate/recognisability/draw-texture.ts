import type { RgbImage } from '../../../src/worker/vision/types.js';
import type { Random } from '../plan/random.js';

/** A value between 0 and 1 for a place, both coordinates 0..1. */
type Field = (x: number, y: number) => number;

/**
 * Returns a picture of no face at all, `sidePx` square, in which a detector may see one all the same: noise of some
 * grains, stripes, spots, symmetric patterns, and dark spots where eyes and a mouth would be.
 */
export function drawTexture(sidePx: number, random: Random): RgbImage {
  const field = pick(random, FIELDS)(random);
  const isMirrored = random() < 0.4;
  const isFaceLike = random() < 0.6;
  const spots = faceSpots(random);
  const grain = random() < 0.4 ? 30 * random() : 0;
  const low = colour(random);
  const high = colour(random);
  const data = new Uint8Array(sidePx * sidePx * 3);
  for (let y = 0, to = 0; y < sidePx; y++) {
    for (let x = 0; x < sidePx; x++) {
      const across = x / sidePx;
      const right = isMirrored ? Math.abs(across - 0.5) * 2 : across;
      const down = y / sidePx;
      const value = field(right, down) * (isFaceLike ? spots(across, down) : 1);
      const noise = grain * (random() - 0.5);
      for (let channel = 0; channel < 3; channel++, to++) {
        const level = low[channel]! + (high[channel]! - low[channel]!) * value + noise;
        data[to] = Math.min(255, Math.max(0, level));
      }
    }
  }
  return { width: sidePx, height: sidePx, data };
}

const FIELDS: readonly ((random: Random) => Field)[] = [
  (random) => valueNoise(random, 3 + Math.floor(random() * 6)),
  (random) => {
    const layers = [4, 8, 16, 32].map((cells) => valueNoise(random, cells));
    return (x, y) => layers.reduce((sum, layer, index) => sum + layer(x, y) / 2 ** (index + 1), 0);
  },
  (random) => {
    const [fx, fy, bend] = [random() * 40, random() * 40, random() * 4];
    return (x, y) => 0.5 + 0.5 * Math.sin(x * fx + y * fy + bend * Math.sin(y * 9));
  },
  (random) => {
    const cells = 3 + Math.floor(random() * 12);
    return (x, y) => (Math.floor(x * cells) + Math.floor(y * cells)) % 2;
  },
  (random) => {
    const spots = Array.from({ length: 12 }, () => [random(), random(), 0.03 + random() * 0.15] as const);
    return (x, y) =>
      Math.min(
        1,
        spots.reduce((sum, [a, b, r]) => sum + Math.exp(-((x - a) ** 2 + (y - b) ** 2) / r ** 2), 0),
      );
  },
  (random) => {
    const [a, b] = [random() * 30, 0.3 + random() * 0.4];
    return (x, y) => 0.5 + 0.5 * Math.sin(Math.hypot(x - 0.5, y - b) * a);
  },
  () => () => 0.8,
  (random) => (x, y) => Math.min(1, 1.3 - Math.hypot((x - 0.5) * 2, (y - 0.5) * 1.5) + 0.02 * random()),
];

/** Dark spots at the places of eyes, nose and mouth, and an oval around them. */
function faceSpots(random: Random): Field {
  const width = 0.5 + random() * 0.35;
  const eye = 0.05 + random() * 0.04;
  const spots = [
    [0.5 - width * 0.22, 0.42, eye, eye * (0.4 + random() * 0.6)],
    [0.5 + width * 0.22, 0.42, eye, eye * (0.4 + random() * 0.6)],
    [0.5, 0.56, 0.03, 0.03],
    [0.5, 0.68, 0.08 + random() * 0.06, 0.02 + random() * 0.03],
  ] as const;
  const depth = 0.5 + random() * 0.5;
  return (x, y) => {
    const dark = spots.reduce(
      (sum, [a, b, rx, ry]) => sum + Math.exp(-(((x - a) / rx) ** 2) - ((y - b) / ry) ** 2),
      0,
    );
    const oval = Math.hypot((x - 0.5) / (width * 0.5), (y - 0.53) / (width * 0.66));
    return (1 - depth * Math.min(1, dark)) / (1 + Math.exp((oval - 1) * 12));
  };
}

/** Smooth noise with one random value for each of `cells` × `cells` corners. */
function valueNoise(random: Random, cells: number): Field {
  const side = cells + 2;
  const corners = Float32Array.from({ length: side * side }, () => random());
  return (x, y) => {
    const [column, row] = [Math.floor(x * cells), Math.floor(y * cells)];
    const right = smooth(x * cells - column);
    const down = smooth(y * cells - row);
    const at = (i: number, j: number) => corners[(row + j) * side + column + i]!;
    const top = at(0, 0) * (1 - right) + at(1, 0) * right;
    const bottom = at(0, 1) * (1 - right) + at(1, 1) * right;
    return top * (1 - down) + bottom * down;
  };
}

const smooth = (t: number): number => t * t * (3 - 2 * t);
const colour = (random: Random): readonly number[] => [random() * 255, random() * 255, random() * 255];
const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
