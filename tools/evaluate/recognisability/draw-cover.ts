import type { FivePoints, RgbImage } from '../../../src/worker/vision/types.js';
import type { Random } from '../plan/random.js';

export type Cover = 'mask' | 'sunglasses' | 'hand' | 'bar' | 'half' | 'scarf' | 'patches';

type Point = readonly [x: number, y: number];

/** Maps a place on a face to the image; `right` and `down` are multiples of the distance between the eyes, from their middle. */
type Frame = (right: number, down: number) => Point;

const MASKS = ['#9fc9e3', '#e8eef0', '#1b1b1e', '#7fb7a4', '#d9a0b4', '#38507a', '#c9c2b0', '#7d2b2b'];
const LENSES = ['#0c0c0e', '#15151b', '#2a1c12', '#101820', '#3a2b20'];
const SKINS = ['#8d5524', '#c68642', '#e0ac69', '#f1c27d', '#ffdbac', '#5a3a22', '#3b2417'];
const BARS = ['#000000', '#ffffff', '#224466', '#777777'];

/** Returns an SVG of the portrait's size that covers parts of its face. */
export function drawCover(
  { image, landmarks }: { readonly image: RgbImage; readonly landmarks: FivePoints },
  parts: readonly Cover[],
  random: Random,
): string {
  const at = frameOf(landmarks);
  const body = parts.map((part) => COVERS[part](at, random)).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${image.width}" height="${image.height}">${body}</svg>`;
}

const COVERS: Readonly<Record<Cover, (at: Frame, random: Random) => string>> = {
  mask: (at, random) => {
    const top = 0.4 + random() * 0.25;
    const side = 0.95 + random() * 0.25;
    const chin = 1.95 + random() * 0.3;
    const outline = [
      at(-side, top),
      at(-0.3, top - 0.15),
      at(0, top - 0.2),
      at(0.3, top - 0.15),
      at(side, top),
    ];
    const lower = [
      at(side * 0.85, chin - 0.5),
      at(0.35, chin),
      at(-0.35, chin),
      at(-side * 0.85, chin - 0.5),
    ];
    const fill = pick(random, MASKS);
    const folds = [0.9, 1.15, 1.4]
      .map((down) => line(at(-0.8, down), at(0.8, down), 'rgba(0,0,0,0.15)'))
      .join('');
    return polygon([...outline, ...lower], fill) + (random() < 0.6 ? folds : '');
  },
  sunglasses: (at, random) => {
    const fill = pick(random, LENSES);
    const size = 0.36 + random() * 0.12;
    const lens = (middle: Point) =>
      ellipse(at, middle, { across: size, down: size * (0.7 + random() * 0.35), fill });
    return (
      lens([-0.5, 0.02]) + lens([0.5, 0.02]) + line(at(-1, -0.05), at(1, -0.05), fill, 0.08 * scaleOf(at))
    );
  },
  hand: (at, random) => {
    const fill = pick(random, SKINS);
    const palm = ellipse(at, [random() - 0.5, 1.25], { across: 0.85, down: 0.5, fill });
    const fingers = [0.95, 1.15, 1.35, 1.55].map((down) =>
      line(at(-0.9, down), at(0.6 + random() * 0.3, down - 0.15), fill, 0.2 * scaleOf(at)),
    );
    return palm + fingers.join('');
  },
  bar: (at, random) => {
    const half = 0.18 + random() * 0.15;
    const fill = pick(random, BARS);
    return polygon([at(-1.1, -half), at(1.1, -half), at(1.1, half), at(-1.1, half)], fill);
  },
  scarf: (at, random) => {
    const top = 0.3 + random() * 0.5;
    const fill = pick(random, [...MASKS, '#a83232', '#2f5d3a', '#d8b45a']);
    const body = polygon(
      [at(-1.6, top + 0.2), at(0, top - 0.2), at(1.6, top + 0.2), at(1.6, 2.8), at(-1.6, 2.8)],
      fill,
    );
    const stripes = Array.from({ length: 5 }, (_, index) =>
      line(
        at(-1.5, top + 0.4 + index * 0.3),
        at(1.5, top + 0.5 + index * 0.3),
        pick(random, MASKS),
        0.08 * scaleOf(at),
      ),
    );
    return body + (random() < 0.5 ? stripes.join('') : '');
  },
  patches: (at, random) =>
    Array.from({ length: 2 + Math.floor(random() * 4) }, () =>
      ellipse(at, [random() * 1.8 - 0.9, random() * 2 - 0.4], {
        across: 0.2 + random() * 0.5,
        down: 0.15 + random() * 0.45,
        fill: pick(random, [...BARS, ...SKINS, ...MASKS]),
      }),
    ).join(''),
  half: (at, random) => {
    const side = random() < 0.5 ? -1 : 1;
    const edge = (random() - 0.5) * 0.3;
    const fill = pick(random, [...BARS, ...SKINS]);
    return polygon([at(edge, -1.6), at(side * 2.5, -1.6), at(side * 2.5, 2.6), at(edge, 2.6)], fill);
  },
};

function frameOf(points: FivePoints): Frame {
  const [leftX, leftY, rightX, rightY] = points as unknown as [number, number, number, number];
  const across: Point = [rightX - leftX, rightY - leftY];
  const middle: Point = [(leftX + rightX) / 2, (leftY + rightY) / 2];
  return (right, down) => [
    middle[0] + across[0] * right - across[1] * down,
    middle[1] + across[1] * right + across[0] * down,
  ];
}

const scaleOf = (at: Frame): number => Math.hypot(at(1, 0)[0] - at(0, 0)[0], at(1, 0)[1] - at(0, 0)[1]);

const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)]!;

const polygon = (points: readonly Point[], fill: string): string =>
  `<polygon points="${points.map((point) => point.join(',')).join(' ')}" fill="${fill}"/>`;

const line = (from: Point, to: Point, stroke: string, width = 2): string =>
  `<path d="M${from.join(' ')} L${to.join(' ')}" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round"/>`;

function ellipse(
  at: Frame,
  middle: Point,
  { across, down, fill }: { across: number; down: number; fill: string },
): string {
  const points = Array.from({ length: 32 }, (_, index) => {
    const angle = (index / 32) * 2 * Math.PI;
    return at(middle[0] + across * Math.cos(angle), middle[1] + down * Math.sin(angle));
  });
  return polygon(points, fill);
}
