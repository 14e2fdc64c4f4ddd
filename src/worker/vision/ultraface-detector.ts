import { alignmentOf } from './align-face.js';
import type { FaceDetector, View } from './face-detector.js';
import type { ImagePyramid } from './image-pyramid.js';
import { suppressOverlaps } from './nms.js';
import type { OnnxModel } from './onnx-session.js';
import {
  mapToPhoto,
  type Placement,
  placeTopLeft,
  type QuarterTurns,
  type Size,
  turnedSize,
} from './placement.js';
import { transformPoints } from './similarity-transform.js';
import { type Normalisation, writeTensor } from './to-tensor.js';
import type { Box, FaceDetection, FivePoints } from './types.js';
import { decodeUltraface, fivePointsOf68, LANDMARK_SIDE_PX, landmarkSquare } from './ultraface.js';
import { warpImage } from './warp-image.js';

/** Measured on LFW together with the rest of the pack: below it hands and textures come in. */
const MIN_SCORE = 0.65;
const MAX_OVERLAP = 0.4;

/** Neighbouring tiles share this part of their side, so that a face cut by one lies whole in the next. */
const TILE_OVERLAP = 0.3;

/** Largest face looked for in a tile, in parts of its shorter side: the coarse look has it at 60 px or more. */
const LARGEST_IN_TILE = 0.5;

/** More faces than this are not given landmarks: the best-scored ones are enough of a crowd. */
const MAX_FACES = 64;

/** A change of the box given to the landmark model, in parts of its sides. */
interface Probe {
  readonly right: number;
  readonly down: number;
  readonly grow: number;
}

/**
 * The landmark model finds the same points in an upright face wherever the box lies; on a turned face or none it draws
 * a mean face into the box, and that moves along with it.
 */
const PROBES: readonly Probe[] = [
  { right: 0.1, down: 0.1, grow: 1 },
  { right: -0.1, down: -0.1, grow: 1 },
  { right: 0, down: 0, grow: 1.25 },
];

/** Mean movement of the points under PROBES up to which a face counts as upright, px of the aligned face. */
const MAX_UNSTEADINESS_PX = 4;

/**
 * Profiles and faces behind hair have no steady points, but UltraFace is certain of them: of 130
 * backgrounds of the sample photos none scored more than 0.96 upright. Asked of large ones only, which the coarse look
 * finds. Enough to be taken upright when no view has a steady face.
 */
const CERTAIN_SCORE = 0.99;
const CERTAIN_SIZE = 0.25;
const CERTAIN_PLAUSIBILITY = 0.15;

const NO_POINTS: FivePoints = new Float32Array(10);

/**
 * Returns a detector on UltraFace, whose input has one size, and on the 68-point model that finds the landmarks in each
 * box. Both stay the caller's to close. A view larger than the input is looked at in overlapping tiles.
 */
export function createUltrafaceDetector(
  models: { readonly boxes: OnnxModel; readonly landmarks: OnnxModel },
  { normalisation, detectionSize }: { normalisation: Normalisation; detectionSize: number },
): FaceDetector {
  const canvas = inputSize(models.boxes);
  const input = new Float32Array(3 * canvas.width * canvas.height);
  const square = new Float32Array(LANDMARK_SIDE_PX * LANDMARK_SIDE_PX);

  async function findBoxes(photo: ImagePyramid, placement: Placement): Promise<FaceDetection[]> {
    writeTensor(input, photo, { placement, normalisation });
    const outputs = await models.boxes.run(input, [1, 3, canvas.height, canvas.width]);
    return decodeUltraface(outputs, canvas, MIN_SCORE)
      .filter(({ box }) => isOfTile(box, placement))
      .map((face) => mapToPhoto({ ...face, landmarks: NO_POINTS }, placement, photo));
  }

  async function findLandmarks(photo: ImagePyramid, box: Box, quarterTurns: QuarterTurns) {
    const toPhoto = landmarkSquare(box, (-quarterTurns * Math.PI) / 2);
    writeGrey(square, warpImage(photo, toPhoto, LANDMARK_SIDE_PX).data);
    const [output] = await models.landmarks.run(square, [1, 1, LANDMARK_SIDE_PX, LANDMARK_SIDE_PX]);
    if (!output) throw new Error('this is a bug: a model without output');
    return transformPoints(toPhoto, fivePointsOf68(output.data));
  }

  async function detect(photo: ImagePyramid, { longEdgePx, quarterTurns }: View): Promise<FaceDetection[]> {
    const whole = placeTopLeft(photo, { canvas, longEdgePx, quarterTurns });
    const found: FaceDetection[] = [];
    for (const placement of tilesOf(whole)) found.push(...(await findBoxes(photo, placement)));
    const faces: FaceDetection[] = [];
    for (const face of suppressOverlaps(found, MAX_OVERLAP).slice(0, MAX_FACES)) {
      faces.push({ ...face, landmarks: await findLandmarks(photo, face.box, quarterTurns) });
    }
    return faces;
  }

  async function confirm(photo: ImagePyramid, face: FaceDetection, quarterTurns: QuarterTurns) {
    const shifted: FivePoints[] = [];
    for (const probe of PROBES) {
      shifted.push(await findLandmarks(photo, moveBox(face.box, probe), quarterTurns));
    }
    const unsteadiness = spreadOf([face.landmarks, ...shifted]);
    const least = isCertain(face, photo) ? CERTAIN_PLAUSIBILITY : 0;
    return { face, plausibility: Math.max(least, 1 - unsteadiness / (2 * MAX_UNSTEADINESS_PX)) };
  }

  return {
    looks: (photo, quarterTurns) => {
      const whole = largestInside(turnedSize(photo, quarterTurns), canvas);
      return { coarse: whole, tiny: whole / 2, fine: Math.max(whole, detectionSize) };
    },
    detect,
    confirm,
    detectAsPublished: (photo) =>
      detect(photo, { longEdgePx: largestInside(photo, canvas), quarterTurns: 0 }),
  };
}

function isCertain({ box, score }: FaceDetection, photo: Size): boolean {
  const size = Math.max(box.width, box.height) / Math.max(photo.width, photo.height);
  return score >= CERTAIN_SCORE && size >= CERTAIN_SIZE;
}

/** The longer edge of a photo that just fits into the canvas. */
function largestInside(photo: Size, canvas: Size): number {
  const scale = Math.min(canvas.width / photo.width, canvas.height / photo.height);
  return Math.max(photo.width, photo.height) * scale;
}

function moveBox({ x, y, width, height }: Box, { right, down, grow }: Probe): Box {
  return {
    x: x + (right - (grow - 1) / 2) * width,
    y: y + (down - (grow - 1) / 2) * height,
    width: width * grow,
    height: height * grow,
  };
}

/** Mean distance of the other point sets from the first, px of the aligned face (root mean square over the points). */
function spreadOf([first, ...others]: readonly [FivePoints, ...FivePoints[]]): number {
  const { a, b } = alignmentOf(first);
  const distances = others.map((points) => {
    const square = points.reduce((sum, value, index) => sum + (value - first[index]!) ** 2, 0);
    return Math.sqrt(square / 5) * Math.hypot(a, b);
  });
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
}

/** The placements that together show all of a content larger than the canvas; the one itself when it fits. */
function tilesOf(whole: Placement): Placement[] {
  const columns = tileOffsets(whole.content.width, whole.canvas.width);
  const rows = tileOffsets(whole.content.height, whole.canvas.height);
  return rows.flatMap((y) => columns.map((x) => ({ ...whole, offsetX: -x, offsetY: -y })));
}

/**
 * Whether a find is for this view to report. Of a content that needs several tiles it is not when it reaches an edge
 * beyond which the photo goes on, for the next tile shows that face whole, nor when it is large: the coarse look sees
 * large faces, and what looks like one in a tile is texture.
 */
function isOfTile(box: Box, { canvas, content, offsetX, offsetY }: Placement): boolean {
  if (content.width <= canvas.width && content.height <= canvas.height) return true;
  const isCut =
    (offsetX < 0 && box.x < 1) ||
    (offsetY < 0 && box.y < 1) ||
    (offsetX + content.width > canvas.width && box.x + box.width > canvas.width - 1) ||
    (offsetY + content.height > canvas.height && box.y + box.height > canvas.height - 1);
  return !isCut && Math.max(box.width, box.height) <= LARGEST_IN_TILE * Math.min(canvas.width, canvas.height);
}

/** Evenly spread starts of as few windows as cover `length` with at least TILE_OVERLAP of a window in common. */
function tileOffsets(length: number, window: number): number[] {
  if (length <= window) return [0];
  const gaps = Math.ceil((length - window) / (window * (1 - TILE_OVERLAP)));
  return Array.from({ length: gaps + 1 }, (_, index) => Math.round((index * (length - window)) / gaps));
}

function inputSize({ input: { shape } }: OnnxModel): Size {
  const [, channels, height, width] = shape;
  if (channels !== 3 || !height || !width)
    throw new Error('The detector does not have the input of an UltraFace');
  return { width, height };
}

/** Luma of ITU-R BT.601 in 0..1 (value / 256, as the model was trained). */
function writeGrey(out: Float32Array, rgb: Uint8Array): void {
  for (let i = 0; i < out.length; i++) {
    out[i] = (0.299 * rgb[i * 3]! + 0.587 * rgb[i * 3 + 1]! + 0.114 * rgb[i * 3 + 2]!) / 256;
  }
}
