import { lumaOf } from '../recognisability/luma-plane.js';
import type { FaceQuality, FivePoints, RgbImage } from '../types.js';
import { ALIGNED_SIDE_PX } from './align-face.js';

/** Distance of the nose tip from the plane of the eyes, as a fraction of the distance between the eyes. */
const NOSE_DEPTH = 0.5;

/** Height of the nose tip between the lines of the eyes (0) and the mouth (1) in a frontal face: ArcFace's template. */
const FRONTAL_NOSE_HEIGHT = 0.495;

/** Distance between the lines of the eyes and of the mouth, as a fraction of the distance between the eyes: ArcFace's template. */
const EYES_TO_MOUTH = 1.156;

/** Returns the parts of a face's quality that people can interpret. `aligned`: RGB, 112 × 112; `landmarks`: pixels of the photo. */
export function describeQuality(aligned: RgbImage, landmarks: FivePoints): Omit<FaceQuality, 'score'> {
  const luma = lumaOf(aligned).values;
  return {
    sharpness: laplacianVariance(luma, aligned.width),
    brightness: luma.reduce((sum, value) => sum + value, 0) / luma.length,
    ...estimatePose(landmarks),
  };
}

/**
 * Returns the head pose in degrees. Estimated from five points only, so accurate to about ten degrees. Yaw is positive if
 * the nose points to the right of the image, pitch if it points down, roll clockwise.
 */
export function estimatePose(points: FivePoints): Pick<FaceQuality, 'yawDeg' | 'pitchDeg' | 'rollDeg'> {
  const at = (index: number) => ({ x: points[index * 2]!, y: points[index * 2 + 1]! });
  const left = at(0);
  const right = at(1);
  const eyes = middleOf(left, right);
  const mouth = middleOf(at(3), at(4));
  const roll = Math.atan2(right.y - left.y, right.x - left.x);
  const cos = Math.cos(roll);
  const sin = Math.sin(roll);
  // Coordinates along the line of the eyes (across) and perpendicular to it (down), origin between the eyes.
  const across = ({ x, y }: Point) => (x - eyes.x) * cos + (y - eyes.y) * sin;
  const down = ({ x, y }: Point) => (y - eyes.y) * cos - (x - eyes.x) * sin;
  const eyeDistance = Math.max(Math.hypot(right.x - left.x, right.y - left.y), 1e-6);
  const noseHeight = down(at(2)) / Math.max(down(mouth), 1e-6);
  // The midline runs from between the eyes to the middle of the mouth, which is not always straight below.
  const noseAside = across(at(2)) - across(mouth) * Math.min(1, Math.max(0, noseHeight));
  const yaw = Math.atan(noseAside / eyeDistance / NOSE_DEPTH);
  const pitch = Math.atan(((noseHeight - FRONTAL_NOSE_HEIGHT) * EYES_TO_MOUTH) / NOSE_DEPTH);
  return { yawDeg: toDegrees(yaw), pitchDeg: toDegrees(pitch), rollDeg: toDegrees(roll) };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const middleOf = (one: Point, other: Point): Point => ({
  x: (one.x + other.x) / 2,
  y: (one.y + other.y) / 2,
});

/**
 * Returns the variance of the four-neighbour Laplacian over the middle of the face. The corners can show hair, background
 * or black.
 * @see Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000
 */
function laplacianVariance(luma: Float32Array, width: number): number {
  const margin = Math.round(ALIGNED_SIDE_PX * 0.18);
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (let y = margin; y < width - margin; y++) {
    for (let x = margin; x < width - margin; x++) {
      const i = y * width + x;
      const value = luma[i - 1]! + luma[i + 1]! + luma[i - width]! + luma[i + width]! - 4 * luma[i]!;
      sum += value;
      squares += value * value;
      count += 1;
    }
  }
  return squares / count - (sum / count) ** 2;
}

const toDegrees = (radians: number): number => (radians * 180) / Math.PI;
