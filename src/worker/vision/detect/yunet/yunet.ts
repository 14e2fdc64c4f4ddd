import type { Size } from '../../image/placement.js';
import type { NumericTensor } from '../../onnx/onnx-session.js';
import type { FaceDetection } from '../../types.js';

/** Strides of YuNet's feature maps, input pixels per cell. Each cell has one anchor. */
const STRIDES = [8, 16, 32] as const;

/** An output with its name in the model. */
export type NamedTensor = NumericTensor & { readonly name: string };

/** Outputs for the cells of one stride, row by row. */
interface Level {
  /** Scores for a face and for any object in the cell, 0..1. */
  readonly faceScores: Float32Array;
  readonly objectScores: Float32Array;
  /** Centre x, y relative to the cell's corner, and logarithms of width and height, all in strides. */
  readonly boxes: Float32Array;
  /** Five points x, y relative to the cell's corner, in strides. */
  readonly points: Float32Array;
}

/**
 * Returns the faces in YuNet's outputs, in pixels of its input; overlaps are not yet suppressed. The score is the geometric
 * mean of both scores. `input`: size of the network's input, px, multiples of 32.
 * @throws Error if the outputs are not those of a YuNet with this input.
 * @see Wu et al., YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research 20, 2023;
 *   opencv/opencv modules/objdetect/src/face_detect.cpp, FaceDetectorYNImpl::postProcess (Apache-2.0)
 */
export function decodeYunet(outputs: readonly NamedTensor[], input: Size, minScore: number): FaceDetection[] {
  const faces: FaceDetection[] = [];
  for (const stride of STRIDES) {
    const columns = Math.ceil(input.width / stride);
    const cells = columns * Math.ceil(input.height / stride);
    const level = readLevel(outputs, stride, cells);
    for (let cell = 0; cell < cells; cell++) {
      const score = Math.sqrt(unit(level.faceScores[cell]!) * unit(level.objectScores[cell]!));
      // This form also drops NaN scores.
      if (!(score >= minScore)) continue;
      const corner = { column: cell % columns, row: Math.floor(cell / columns), stride };
      faces.push({ ...readFace(level, cell, corner), score });
    }
  }
  return faces;
}

function readFace(
  { boxes, points }: Level,
  cell: number,
  { column, row, stride }: { column: number; row: number; stride: number },
): Pick<FaceDetection, 'box' | 'landmarks'> {
  const width = Math.exp(boxes[cell * 4 + 2]!) * stride;
  const height = Math.exp(boxes[cell * 4 + 3]!) * stride;
  const x = (column + boxes[cell * 4]!) * stride - width / 2;
  const y = (row + boxes[cell * 4 + 1]!) * stride - height / 2;
  const landmarks = new Float32Array(10);
  for (let k = 0; k < 10; k += 2) {
    landmarks[k] = (column + points[cell * 10 + k]!) * stride;
    landmarks[k + 1] = (row + points[cell * 10 + k + 1]!) * stride;
  }
  return { box: { x, y, width, height }, landmarks };
}

function readLevel(outputs: readonly NamedTensor[], stride: number, cells: number): Level {
  const read = (kind: string, numbers: number): Float32Array => {
    const data = outputs.find(({ name }) => name === `${kind}_${stride}`)?.data;
    if (data?.length === cells * numbers) return data;
    const found = data ? `${data.length} numbers instead of ${cells * numbers}` : 'nothing';
    throw new Error(`The detector is not a YuNet: its output ${kind}_${stride} has ${found}`);
  };
  return {
    faceScores: read('cls', 1),
    objectScores: read('obj', 1),
    boxes: read('bbox', 4),
    points: read('kps', 10),
  };
}

/** Limits a score to 0..1, which rounding can exceed. */
const unit = (score: number): number => Math.min(1, Math.max(0, score));
