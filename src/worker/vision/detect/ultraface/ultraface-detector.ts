import { transformPoints } from '../../face/similarity-transform.js';
import { warpImage } from '../../face/warp-image.js';
import type { ImagePyramid } from '../../image/image-pyramid.js';
import {
  mapToPhoto,
  type Placement,
  placeTopLeft,
  type QuarterTurns,
  type Size,
  turnedSize,
} from '../../image/placement.js';
import { type Normalisation, writeTensor } from '../../image/to-tensor.js';
import type { OnnxModel } from '../../onnx/onnx-session.js';
import type { Box, FaceDetection, FivePoints } from '../../types.js';
import type { FaceDetector, View } from '../face-detector.js';
import { boxOverlap, suppressOverlaps } from '../nms.js';
import { isOfTile, tilesOf } from '../view-tiles.js';
import { confirmSteadyFace } from './confirm-steady-face.js';
import { decodeUltraface, fivePointsOf68, LANDMARK_SIDE_PX, landmarkSquare } from './ultraface.js';

/** Measured on LFW with the rest of the pack: lower scores include hands and textures. */
const MIN_SCORE = 0.65;
const MAX_OVERLAP = 0.4;

/** Faces that get landmarks at most. In a crowd the best-scored ones are enough. */
const MAX_FACES = 64;

/** Overlap with a face below which a detection in its surroundings is something else. */
const SAME_FACE_OVERLAP = 0.4;

const NO_POINTS: FivePoints = new Float32Array(10);

/**
 * Returns a detector that uses UltraFace, whose input has a fixed size, and the 68-point model that finds the landmarks
 * in each box. The caller closes both. A view larger than the input is split into overlapping tiles.
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
    if (!output) throw new Error('this is a bug: the model has no output');
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

  const confirm = (photo: ImagePyramid, face: FaceDetection, quarterTurns: QuarterTurns) =>
    confirmSteadyFace(photo, face, (box) => findLandmarks(photo, box, quarterTurns));

  return {
    closeUpMargin: 1,
    passes: (photo, quarterTurns) => {
      const whole = largestInside(turnedSize(photo, quarterTurns), canvas);
      return { coarse: whole, tiny: whole / 2, fine: Math.max(whole, detectionSize) };
    },
    detect,
    confirm: (photo, face, { quarterTurns }) => confirm(photo, face, quarterTurns),
    lookCloser: async (photo, face, quarterTurns) => {
      const longEdgePx = largestInside(turnedSize(photo, quarterTurns), canvas);
      const overlap = (other: FaceDetection) => boxOverlap(other.box, face.box);
      const same = (await detect(photo, { longEdgePx, quarterTurns })).filter(
        (other) => overlap(other) >= SAME_FACE_OVERLAP,
      );
      const nearest = same.toSorted((one, other) => overlap(other) - overlap(one))[0];
      return nearest ? (await confirm(photo, nearest, quarterTurns)).face : face;
    },
    detectAsPublished: (photo) =>
      detect(photo, { longEdgePx: largestInside(photo, canvas), quarterTurns: 0 }),
  };
}

/** Returns the longer edge of the photo when it just fits on the canvas. */
function largestInside(photo: Size, canvas: Size): number {
  const scale = Math.min(canvas.width / photo.width, canvas.height / photo.height);
  return Math.max(photo.width, photo.height) * scale;
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
