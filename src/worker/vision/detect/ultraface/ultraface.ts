import type { SimilarityTransform } from '../../face/similarity-transform.js';
import type { NumericTensor } from '../../onnx/onnx-session.js';
import type { Box, FaceDetection, FivePoints } from '../../types.js';

/** Side of the landmark model's input, px. */
export const LANDMARK_SIDE_PX = 64;

/** Side of the square around a face that the landmark model gets, as a fraction of the box's longer edge. */
const LANDMARK_SQUARE = 1.1;

/** For each of the five points, the points of the 68-point scheme (iBUG 300-W, from 0) that are averaged. */
const FIVE_OF_68 = [[37, 38, 40, 41], [43, 44, 46, 47], [30], [48, 60], [54, 64]] as const;

/** A face before its landmarks are known. */
export type FaceBox = Pick<FaceDetection, 'box' | 'score'>;

/**
 * Returns the boxes in UltraFace's outputs, in pixels of its input; overlaps are not yet suppressed.
 * `outputs`: [1,N,2] scores (background, face) and [1,N,4] boxes x1, y1, x2, y2 in 0..1, in either order.
 * @throws Error if the outputs have other shapes.
 * @see Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB (MIT)
 */
export function decodeUltraface(
  outputs: readonly NumericTensor[],
  input: { readonly width: number; readonly height: number },
  minScore: number,
): FaceBox[] {
  const scores = outputs.find((output) => output.dims.at(-1) === 2)?.data;
  const boxes = outputs.find((output) => output.dims.at(-1) === 4)?.data;
  if (!scores || !boxes || scores.length * 2 !== boxes.length) {
    throw new Error('The detector does not have the outputs of an UltraFace');
  }
  const faces: FaceBox[] = [];
  for (let i = 0; i * 2 < scores.length; i++) {
    const score = scores[i * 2 + 1]!;
    if (!(score >= minScore)) continue;
    const x = boxes[i * 4]! * input.width;
    const y = boxes[i * 4 + 1]! * input.height;
    const width = boxes[i * 4 + 2]! * input.width - x;
    const height = boxes[i * 4 + 3]! * input.height - y;
    faces.push({ box: { x, y, width, height }, score });
  }
  return faces;
}

/**
 * Returns the transform from the landmark model's input (pixel centres counted from 0) to the photo: a square around the
 * centre of the face's box, turned by `angle` (radians, clockwise on the screen).
 */
export function landmarkSquare(box: Box, angle: number): SimilarityTransform {
  const step = (Math.max(box.width, box.height) * LANDMARK_SQUARE) / LANDMARK_SIDE_PX;
  const a = step * Math.cos(angle);
  const b = step * Math.sin(angle);
  const half = (LANDMARK_SIDE_PX - 1) / 2;
  return {
    a,
    b,
    tx: box.x + box.width / 2 - 0.5 - (a - b) * half,
    ty: box.y + box.height / 2 - 0.5 - (a + b) * half,
  };
}

/**
 * Returns the five points of a 68-point output, in pixels of the landmark model's input.
 * `output`: 136 values, x and y of each point in 0..1 of the input's side.
 * @throws Error if there are not 136 values.
 */
export function fivePointsOf68(output: Float32Array): FivePoints {
  if (output.length !== 136) throw new Error('The landmark model does not return 68 points');
  const points = new Float32Array(10);
  FIVE_OF_68.forEach((members, index) => {
    for (const member of members) {
      points[index * 2]! += (output[member * 2]! * LANDMARK_SIDE_PX) / members.length;
      points[index * 2 + 1]! += (output[member * 2 + 1]! * LANDMARK_SIDE_PX) / members.length;
    }
  });
  return points;
}
