import type { FivePoints, RgbImage } from '../../../src/worker/vision/types.js';
import type { Random } from '../plan/random.js';

type Palette = readonly string[];

const YELLOWS: Palette = ['#ffcc33', '#ffd93b', '#fbc02d', '#f7a823', '#ffe082'];
const SKINS: Palette = [
  '#8d5524',
  '#c68642',
  '#e0ac69',
  '#f1c27d',
  '#ffdbac',
  '#5a3a22',
  '#ffe0bd',
  '#d99a76',
];
const ODD: Palette = ['#7cb342', '#4fc3f7', '#ba68c8', '#ef5350', '#bdbdbd', '#ffffff', '#ff8a65', '#607d8b'];
const DARKS: Palette = ['#1b1b1b', '#3e2723', '#4e342e', '#212121', '#5d4037', '#263238'];
const HAIRS: Palette = [
  '#2c1b10',
  '#5a3825',
  '#a55728',
  '#d6b370',
  '#111111',
  '#b0b0b0',
  '#c93305',
  '#4a90d9',
];

/** The look of a drawn face, in parts of its width, with the origin in the middle between its eyes. */
interface Style {
  readonly skin: string;
  readonly eye: (random: Random) => string;
  readonly mouth: (random: Random) => string;
  readonly hair: boolean;
  readonly nose: boolean;
  readonly brows: boolean;
}

const num = (value: number): string => value.toFixed(4);
const between = (random: Random, low: number, high: number): number => low + (high - low) * random();
const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)]!;

const EYES: readonly ((random: Random) => string)[] = [
  (random) =>
    `<ellipse rx="${num(between(random, 0.04, 0.09))}" ry="${num(between(random, 0.05, 0.12))}" fill="${pick(random, DARKS)}"/>`,
  (random) =>
    `<circle r="0.11" fill="#fff" stroke="#222" stroke-width="0.01"/><circle r="${num(between(random, 0.04, 0.08))}" cx="${num(between(random, -0.03, 0.03))}" fill="${pick(random, [...DARKS, '#2e7dd1', '#3c8d40'])}"/>`,
  () =>
    '<path d="M-0.1 0 Q0 -0.12 0.1 0" fill="none" stroke="#222" stroke-width="0.035" stroke-linecap="round"/>',
  () =>
    '<path d="M-0.08 -0.08 L0.08 0.08 M-0.08 0.08 L0.08 -0.08" stroke="#222" stroke-width="0.04" stroke-linecap="round"/>',
  (random) =>
    `<path d="M0 0.11 C-0.22 -0.05 -0.1 -0.17 0 -0.06 C0.1 -0.17 0.22 -0.05 0 0.11" fill="${pick(random, ['#e0245e', '#ff1744'])}"/>`,
  (random) =>
    `<ellipse rx="0.1" ry="0.05" fill="#fff" stroke="#333" stroke-width="0.012"/><circle r="0.045" fill="${pick(random, DARKS)}"/><path d="M-0.11 -0.03 Q0 -0.09 0.11 -0.03" fill="none" stroke="#222" stroke-width="0.02"/>`,
];

const MOUTHS: readonly ((random: Random) => string)[] = [
  (random) =>
    `<path d="M-0.22 0 Q0 ${num(between(random, -0.15, 0.3))} 0.22 0" fill="none" stroke="#4a1c12" stroke-width="${num(between(random, 0.02, 0.05))}" stroke-linecap="round"/>`,
  () =>
    '<path d="M-0.24 -0.03 Q0 0.34 0.24 -0.03 Z" fill="#7a1f1f"/><path d="M-0.18 0 L0.18 0 L0.15 0.05 L-0.15 0.05 Z" fill="#fff"/>',
  (random) =>
    `<ellipse rx="${num(between(random, 0.05, 0.14))}" ry="${num(between(random, 0.05, 0.16))}" fill="#5b1a14"/>`,
  (random) =>
    `<path d="M-0.17 0 Q-0.06 -0.07 0 -0.03 Q0.06 -0.07 0.17 0 Q0 0.12 -0.17 0" fill="${pick(random, ['#c2185b', '#b85c5c', '#d16a6a', '#8e3b3b'])}"/>`,
  () => '<path d="M-0.18 0 L0.18 0" stroke="#333" stroke-width="0.04" stroke-linecap="round"/>',
  () =>
    '<path d="M-0.18 -0.02 Q0 0.2 0.18 -0.02" fill="none" stroke="#4a1c12" stroke-width="0.03"/><path d="M0 0.08 Q0.1 0.28 0.14 0.05" fill="#e57373"/>',
];

/** Returns an SVG of a drawn face, laid over the face of a portrait. */
export function drawFace(
  {
    image,
    landmarks,
    faceWidth,
  }: { readonly image: RgbImage; readonly landmarks: FivePoints; readonly faceWidth: number },
  random: Random,
): string {
  const x = (landmarks[0]! + landmarks[2]!) / 2;
  const y = (landmarks[1]! + landmarks[3]!) / 2;
  return wrap(image, place(faceBody(random), { x, y, size: faceWidth * 1.25 }));
}

/** Returns an SVG of a face that was never anybody's: an emoji, an avatar, a mask or a beast, on some ground. */
export function drawFaceAlone(sidePx: number, random: Random): string {
  const size = sidePx * between(random, 0.4, 0.75);
  const ground = `<rect width="100%" height="100%" fill="${pick(random, ['#fff', '#eee', '#000', '#cde', '#f4e1d2', '#355', '#fafad2', '#888'])}"/>`;
  const shoulders =
    random() < 0.5
      ? `<ellipse cx="${sidePx / 2}" cy="${sidePx * 1.05}" rx="${sidePx * 0.38}" ry="${sidePx * 0.25}" fill="${pick(random, [...ODD, ...HAIRS])}"/>`
      : '';
  const face = place(faceBody(random), { x: sidePx / 2, y: sidePx * between(random, 0.38, 0.5), size });
  return wrap({ width: sidePx, height: sidePx }, ground + shoulders + face);
}

function faceBody(random: Random): string {
  const style: Style = {
    skin: pick(random, pick(random, [YELLOWS, SKINS, SKINS, ODD])),
    eye: pick(random, EYES),
    mouth: pick(random, MOUTHS),
    hair: random() < 0.5,
    nose: random() < 0.55,
    brows: random() < 0.5,
  };
  const eyeGap = between(random, 0.17, 0.24);
  const long = between(random, 0.46, 0.66);
  const outline = random() < 0.3 ? ` stroke="#222" stroke-width="0.015"` : '';
  const head = `<ellipse cx="0" cy="0.16" rx="0.5" ry="${num(long)}" fill="${style.skin}"${outline}/>`;
  const eye = style.eye(random);
  const eyes = `<g transform="translate(${num(-eyeGap)} 0)">${eye}</g><g transform="translate(${num(eyeGap)} 0)">${eye}</g>`;
  const mouth = `<g transform="translate(0 ${num(between(random, 0.38, 0.5))}) scale(${num(between(random, 0.7, 1.1))})">${style.mouth(random)}</g>`;
  return (
    shaded(random, head) +
    (style.hair ? hair(random) : '') +
    eyes +
    mouth +
    (style.nose ? nose(random) : '') +
    (style.brows ? brows(random, eyeGap) : '') +
    beast(random, style.skin)
  );
}

/** Some heads get light and shade, as avatars of games have. */
function shaded(random: Random, head: string): string {
  if (random() < 0.5) return head;
  return `${head}<ellipse cx="0.22" cy="0.2" rx="0.26" ry="0.45" fill="rgba(0,0,0,0.12)"/><ellipse cx="-0.18" cy="0" rx="0.2" ry="0.3" fill="rgba(255,255,255,0.14)"/>`;
}

function hair(random: Random): string {
  const fill = pick(random, HAIRS);
  const low = between(random, -0.25, -0.08);
  const long =
    random() < 0.4
      ? `<path d="M-0.52 -0.1 Q-0.62 0.5 -0.45 0.7 L-0.36 0.1 Z M0.52 -0.1 Q0.62 0.5 0.45 0.7 L0.36 0.1 Z" fill="${fill}"/>`
      : '';
  return `<path d="M-0.52 0.05 Q-0.55 -0.62 0 -0.6 Q0.55 -0.62 0.52 0.05 Q0.4 ${num(low - 0.1)} 0.1 ${num(low)} Q-0.3 ${num(low - 0.12)} -0.52 0.05" fill="${fill}"/>${long}`;
}

function nose(random: Random): string {
  return pick(random, [
    '<path d="M0 0.08 L-0.06 0.25 L0.05 0.26" fill="none" stroke="rgba(60,20,10,0.7)" stroke-width="0.02"/>',
    '<ellipse cx="0" cy="0.22" rx="0.05" ry="0.035" fill="rgba(60,20,10,0.45)"/>',
    '<circle cx="-0.025" cy="0.23" r="0.014" fill="#432"/><circle cx="0.025" cy="0.23" r="0.014" fill="#432"/>',
    '<circle cx="0" cy="0.22" r="0.09" fill="#d33"/>',
  ]);
}

function brows(random: Random, gap: number): string {
  const tilt = between(random, -0.07, 0.07);
  const brow = (side: number) =>
    `<path d="M${num(side * (gap - 0.1))} ${num(-0.14 + tilt)} L${num(side * (gap + 0.1))} ${num(-0.14 - tilt)}" stroke="#2a1a12" stroke-width="0.035" stroke-linecap="round"/>`;
  return brow(-1) + brow(1);
}

function beast(random: Random, skin: string): string {
  if (random() > 0.2) return '';
  const ears = `<path d="M-0.45 -0.1 L-0.42 -0.6 L-0.12 -0.35 Z M0.45 -0.1 L0.42 -0.6 L0.12 -0.35 Z" fill="${skin}"/>`;
  const whiskers = [-1, 1].map(
    (side) =>
      `<path d="M${side * 0.12} 0.3 L${side * 0.5} 0.22 M${side * 0.12} 0.34 L${side * 0.5} 0.38" stroke="#333" stroke-width="0.012"/>`,
  );
  return ears + whiskers.join('');
}

const place = (body: string, { x, y, size }: { x: number; y: number; size: number }): string =>
  `<g transform="translate(${num(x)} ${num(y)}) scale(${num(size)})">${body}</g>`;

const wrap = ({ width, height }: { width: number; height: number }, body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`;
