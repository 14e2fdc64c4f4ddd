import type { NumericTensor } from '../../onnx/onnx-session.js';
import type { FaceDetection } from '../../types.js';

/** Scores, box distances and point offsets of one stride, in the order of the network's anchors. */
interface Level {
  readonly scores: Float32Array;
  /** Left, top, right, bottom distances from the anchor, in strides. */
  readonly boxes: Float32Array;
  /** Five x, y offsets from the anchor, in strides. */
  readonly points: Float32Array;
}

/** Strides of SCRFD's feature maps, input pixels per cell. Models with five levels add the last two. */
const STRIDES = [8, 16, 32, 64, 128] as const;

/**
 * Returns the faces in SCRFD's outputs, in pixels of its input; overlaps are not yet suppressed.
 * `outputs`: three (or five) tensors each of [N,1] scores, [N,4] box distances and [N,10] point offsets, with or
 * without a leading batch axis of 1, in any order and under any name. Their shapes identify them; the largest N is
 * stride 8. `input`: size of the network's input, px, multiples of 32. Scores are already in 0..1.
 * @throws Error if the outputs are not those of an SCRFD with five points.
 * @see Guo et al., Sample and Computation Redistribution for Efficient Face Detection, ICLR 2022;
 *   deepinsight/insightface python-package/insightface/model_zoo/scrfd.py (MIT)
 */
export function decodeScrfd(
  outputs: readonly NumericTensor[],
  input: { readonly width: number; readonly height: number },
  minScore: number,
): FaceDetection[] {
  const faces: FaceDetection[] = [];
  groupLevels(outputs).forEach((level, index) => {
    const stride = STRIDES[index]!;
    const columns = Math.ceil(input.width / stride);
    const cells = columns * Math.ceil(input.height / stride);
    const anchors = level.scores.length / cells;
    if (!Number.isInteger(anchors))
      throw new Error(`SCRFD's outputs do not fit its input at stride ${stride}`);
    for (let i = 0; i < level.scores.length; i++) {
      // This form also drops NaN scores.
      if (!(level.scores[i]! >= minScore)) continue;
      const cell = Math.floor(i / anchors);
      const x = (cell % columns) * stride;
      const y = Math.floor(cell / columns) * stride;
      faces.push(readFace(level, i, { x, y, stride }));
    }
  });
  return faces;
}

/** True if the output shapes (null for a free dimension) can be those of an SCRFD with five points. */
export function hasScrfdOutputs(shapes: readonly (readonly (number | null)[])[]): boolean {
  const count = (channels: number) => shapes.filter((shape) => shape.at(-1) === channels).length;
  return (
    (shapes.length === 9 || shapes.length === 15) && count(1) * 3 === shapes.length && count(4) === count(10)
  );
}

function readFace(
  { scores, boxes, points }: Level,
  i: number,
  { x, y, stride }: { x: number; y: number; stride: number },
): FaceDetection {
  const left = x - boxes[i * 4]! * stride;
  const top = y - boxes[i * 4 + 1]! * stride;
  const landmarks = new Float32Array(10);
  for (let k = 0; k < 10; k += 2) {
    landmarks[k] = x + points[i * 10 + k]! * stride;
    landmarks[k + 1] = y + points[i * 10 + k + 1]! * stride;
  }
  return {
    box: {
      x: left,
      y: top,
      width: x + boxes[i * 4 + 2]! * stride - left,
      height: y + boxes[i * 4 + 3]! * stride - top,
    },
    score: scores[i]!,
    landmarks,
  };
}

function groupLevels(outputs: readonly NumericTensor[]): Level[] {
  const withChannels = (channels: number) =>
    outputs
      .filter((output) => output.dims.at(-1) === channels)
      .map((output) => output.data)
      .toSorted((one, other) => other.length - one.length);
  const scores = withChannels(1);
  const boxes = withChannels(4);
  const points = withChannels(10);
  const isWhole = scores.length > 0 && scores.length * 3 === outputs.length;
  if (!isWhole || scores.length > STRIDES.length || boxes.length !== points.length) {
    throw new Error('The detector does not have the outputs of an SCRFD with five points');
  }
  return scores.map((values, index) => {
    const level = { scores: values, boxes: boxes[index]!, points: points[index]! };
    if (level.boxes.length !== values.length * 4 || level.points.length !== values.length * 10) {
      throw new Error("SCRFD's scores, boxes and points differ in number");
    }
    return level;
  });
}
