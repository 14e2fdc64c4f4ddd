import { ALIGNED_POINTS, alignmentOf } from '../face/align-face.js';
import { normOf } from '../face/embed-face.js';
import { estimatePose } from '../face/face-quality.js';
import { transformPoints } from '../face/similarity-transform.js';
import { halveImage } from '../image/image-pyramid.js';
import type { FivePoints, RgbImage } from '../types.js';
import { type LumaPlane, lumaOf } from './luma-plane.js';
import { measureStreaks } from './measure-streaks.js';

/**
 * What is measured of a face, in this order. Mostly logarithms, because a factor counts the same everywhere. The
 * detector's score is left out: it means something else in every detector, and the rest does without it.
 */
export const FEATURE_NAMES = [
  'norm',
  'misfit',
  'size',
  'detail_1',
  'detail_2',
  'detail_4',
  'flat',
  'brightness',
  'contrast',
  'black',
  'white',
  'colour',
  'eyes',
  'mouth',
  'yaw',
  'pitch',
  'tones',
  'streaks',
  'detail_least',
] as const;
export type FeatureName = (typeof FEATURE_NAMES)[number];
export type FaceFeatures = Readonly<Record<FeatureName, number>>;

export interface MeasuredFace {
  /** RGB, 112 × 112. */
  readonly aligned: RgbImage;
  /** In pixels of the photo at full size. */
  readonly landmarks: FivePoints;
  /** As the recogniser gave it. */
  readonly raw: Float32Array;
}

/** Part of the aligned face that is left out at each edge: hair, background and black corners. */
const MARGIN = 0.18;

/** Pixels of the photo per pixel of the aligned face from which more of them show nothing new. */
const FULL_SCALE = 2;

/** Returns the measurements of a face. Takes a quarter of a millisecond. */
export function measureFeatures({ aligned, landmarks, raw }: MeasuredFace): FaceFeatures {
  const luma = lumaOf(aligned);
  const half = lumaOf(halveImage(aligned));
  const quarter = lumaOf(halveImage(halveImage(aligned)));
  const tones = tonesOf(luma);
  const detail = detailOf(luma);
  const streaks = measureStreaks(luma, Math.round(luma.side * MARGIN));
  const { yawDeg, pitchDeg } = estimatePose(landmarks);
  const { misfit, scale } = fitOf(landmarks);
  return {
    norm: Math.log(normOf(raw) + 1e-9),
    misfit: Math.log(misfit + 1e-3),
    size: Math.log(Math.min(scale, FULL_SCALE)),
    detail_1: Math.log(detail.variance + 0.1),
    detail_2: Math.log(detailOf(half).variance + 0.1),
    detail_4: Math.log(detailOf(quarter).variance + 0.1),
    flat: detail.flat,
    brightness: tones.mean / 255,
    contrast: Math.log(tones.deviation + 1),
    black: tones.black,
    white: tones.white,
    colour: colourOf(aligned),
    eyes: Math.log(deviationIn(luma, { left: 26, top: 42, right: 86, bottom: 62 }) + 1),
    mouth: Math.log(deviationIn(luma, { left: 32, top: 72, right: 80, bottom: 104 }) + 1),
    yaw: Math.abs(yawDeg) / 90,
    pitch: Math.abs(pitchDeg) / 90,
    tones: tones.entropy,
    streaks: streaks.anisotropy,
    detail_least: Math.log(streaks.leastDetail + 1),
  };
}

/** Variance of the four-neighbour Laplacian in the middle of the face, and the share of pixels where it is almost 0. */
function detailOf({ side, values }: LumaPlane): { variance: number; flat: number } {
  const margin = Math.round(side * MARGIN);
  let sum = 0;
  let squares = 0;
  let flat = 0;
  let count = 0;
  for (let y = margin; y < side - margin; y++) {
    for (let i = y * side + margin; i < y * side + side - margin; i++) {
      const value = values[i - 1]! + values[i + 1]! + values[i - side]! + values[i + side]! - 4 * values[i]!;
      sum += value;
      squares += value * value;
      if (Math.abs(value) < 1.5) flat += 1;
      count += 1;
    }
  }
  return { variance: squares / count - (sum / count) ** 2, flat: flat / count };
}

interface Tones {
  readonly mean: number;
  readonly deviation: number;
  /** Shares of almost black and almost white pixels. */
  readonly black: number;
  readonly white: number;
  /** Entropy of a histogram of 64 steps, nats: low for a photo of few tones. */
  readonly entropy: number;
}

function tonesOf({ side, values }: LumaPlane): Tones {
  const margin = Math.round(side * MARGIN);
  const histogram = new Float64Array(256);
  for (let y = margin; y < side - margin; y++) {
    for (let x = margin; x < side - margin; x++) histogram[Math.floor(values[y * side + x]!)]! += 1;
  }
  const count = (side - 2 * margin) ** 2;
  let mean = 0;
  let square = 0;
  let entropy = 0;
  for (let value = 0; value < 256; value += 4) {
    let share = 0;
    for (let tone = value; tone < value + 4; tone++) {
      const part = histogram[tone]! / count;
      mean += part * tone;
      square += part * tone * tone;
      share += part;
    }
    if (share > 0) entropy -= share * Math.log(share);
  }
  const below = (limit: number) => histogram.subarray(0, limit).reduce((sum, part) => sum + part, 0) / count;
  return {
    mean,
    deviation: Math.sqrt(Math.max(0, square - mean * mean)),
    black: below(12),
    white: 1 - below(244),
    entropy,
  };
}

/** Mean difference between the strongest and the weakest channel, 0..1; 0 is grey. */
function colourOf({ data }: RgbImage): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [data[i]!, data[i + 1]!, data[i + 2]!];
    sum += Math.max(red, green, blue) - Math.min(red, green, blue);
  }
  return sum / (data.length / 3) / 255;
}

function deviationIn(
  { side, values }: LumaPlane,
  part: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number },
): number {
  let sum = 0;
  let squares = 0;
  for (let y = part.top; y < part.bottom; y++) {
    for (let x = part.left; x < part.right; x++) {
      const value = values[y * side + x]!;
      sum += value;
      squares += value * value;
    }
  }
  const count = (part.right - part.left) * (part.bottom - part.top);
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

/** Root mean square distance of the aligned points from the template, px, and pixels of the photo per aligned pixel. */
function fitOf(landmarks: FivePoints): { misfit: number; scale: number } {
  const toAligned = alignmentOf(landmarks);
  const placed = transformPoints(toAligned, landmarks);
  const square = placed.reduce((sum, value, index) => sum + (value - ALIGNED_POINTS[index]!) ** 2, 0);
  return { misfit: Math.sqrt(square / 5), scale: 1 / Math.hypot(toAligned.a, toAligned.b) };
}
