import { alignmentOf } from '../../face/align-face.js';
import type { Size } from '../../image/placement.js';
import type { Box, FaceDetection, FivePoints } from '../../types.js';
import { type ConfirmedFace, SETTLED } from '../face-detector.js';

/** A change of the box given to the landmark model, as a fraction of its sides. */
interface Probe {
  readonly right: number;
  readonly down: number;
  readonly grow: number;
}

/**
 * On an upright face the landmark model finds the same points wherever the box lies. On a turned face, or without a face,
 * it places a mean face in the box, which moves along with the box.
 */
const PROBES: readonly Probe[] = [
  { right: 0.1, down: 0.1, grow: 1 },
  { right: -0.1, down: -0.1, grow: 1 },
  { right: 0, down: 0, grow: 1.25 },
];

/** Mean movement of the points under PROBES up to which a face counts as upright, px of the aligned face. */
const MAX_UNSTEADINESS_PX = 4;

/**
 * Movement under the first probe up to which the others are skipped, px of the aligned face. Of 344 detections in turned
 * views and 76 in backgrounds none moved so little; of 184 upright faces 163 did.
 */
const STEADY_PX = 2;

/**
 * Profiles and faces behind hair have no steady points, but UltraFace scores them high: of 130 backgrounds of the sample
 * photos none scored more than 0.96 upright. Only for large faces, because fine passes score even a banister high.
 * Enough to count as upright if no view has a steady face.
 */
const CERTAIN_SCORE = 0.99;
const CERTAIN_SIZE = 0.25;
const CERTAIN_PLAUSIBILITY = 0.15;

/**
 * Returns the face and how plausible it is that it is upright in its view, judged by how steady its points stay when
 * `findLandmarks` (pixels of the photo) gets slightly different boxes. `photo`: size of the photo that holds the box.
 */
export async function confirmSteadyFace(
  photo: Size,
  face: FaceDetection,
  findLandmarks: (box: Box) => Promise<FivePoints>,
): Promise<ConfirmedFace> {
  const shifted: FivePoints[] = [];
  for (const probe of PROBES) {
    shifted.push(await findLandmarks(moveBox(face.box, probe)));
    if (shifted.length === 1 && spreadAround(face.landmarks, shifted) <= STEADY_PX) break;
  }
  const steadiness = 1 - ((1 - SETTLED) * spreadAround(face.landmarks, shifted)) / MAX_UNSTEADINESS_PX;
  return { face, plausibility: Math.max(isCertain(face, photo) ? CERTAIN_PLAUSIBILITY : 0, steadiness) };
}

function isCertain({ box, score }: FaceDetection, photo: Size): boolean {
  const size = Math.max(box.width, box.height) / Math.max(photo.width, photo.height);
  return score >= CERTAIN_SCORE && size >= CERTAIN_SIZE;
}

function moveBox({ x, y, width, height }: Box, { right, down, grow }: Probe): Box {
  return {
    x: x + (right - (grow - 1) / 2) * width,
    y: y + (down - (grow - 1) / 2) * height,
    width: width * grow,
    height: height * grow,
  };
}

/** Returns the mean distance of the other point sets from the first, px of the aligned face (RMS over the points). */
function spreadAround(first: FivePoints, others: readonly FivePoints[]): number {
  const { a, b } = alignmentOf(first);
  const distances = others.map((points) => {
    const square = points.reduce((sum, value, index) => sum + (value - first[index]!) ** 2, 0);
    return Math.sqrt(square / 5) * Math.hypot(a, b);
  });
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
}
