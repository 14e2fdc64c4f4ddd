import type { ImagePyramid } from '../../image/image-pyramid.js';
import {
  mapToPhoto,
  type Placement,
  placeLikeInsightFace,
  placeTopLeft,
  type Size,
} from '../../image/placement.js';
import { type Normalisation, writeRoundedTensor, writeTensor } from '../../image/to-tensor.js';
import type { OnnxModel } from '../../onnx/onnx-session.js';
import type { FaceDetection } from '../../types.js';
import type { FaceDetector, View } from '../face-detector.js';
import { suppressOverlaps } from '../nms.js';
import { confirmFace } from './confirm-face.js';
import { decodeScrfd } from './scrfd.js';

/** InsightFace's defaults, which the published figures of its packs were measured with. */
const MIN_SCORE = 0.5;
const MAX_OVERLAP = 0.4;

/** The network halves its input five times. */
const SIDE_MULTIPLE = 32;

/** Four times cheaper than 640, and finds faces that fill the frame, which 640 misses. */
const COARSE_LONG_EDGE_PX = 256;

/** For faces cut off by the frame. */
const TINY_LONG_EDGE_PX = 128;

/** Returns a detector that uses an SCRFD model, which the caller closes. It keeps one input buffer: not reentrant. */
export function createScrfdDetector(
  model: OnnxModel,
  { normalisation, detectionSize }: { normalisation: Normalisation; detectionSize: number },
): FaceDetector {
  const fixed = fixedCanvas(model);
  let buffer = new Float32Array(0);

  async function run(
    photo: ImagePyramid,
    placement: Placement,
    write = writeTensor,
  ): Promise<FaceDetection[]> {
    const { width, height } = placement.canvas;
    const length = 3 * width * height;
    if (buffer.length < length) buffer = new Float32Array(length);
    const input = buffer.subarray(0, length);
    write(input, photo, { placement, normalisation });
    const outputs = await model.run(input, [1, 3, height, width]);
    const faces = decodeScrfd(outputs, placement.canvas, MIN_SCORE);
    return suppressOverlaps(faces, MAX_OVERLAP).map((face) => mapToPhoto(face, placement, photo));
  }

  function detect(photo: ImagePyramid, { longEdgePx, quarterTurns }: View): Promise<FaceDetection[]> {
    const longest = fixed ? Math.min(longEdgePx, fixed.width, fixed.height) : longEdgePx;
    const view = { longEdgePx: longest, quarterTurns };
    const { content } = placeTopLeft(photo, { ...view, canvas: { width: 0, height: 0 } });
    return run(photo, placeTopLeft(photo, { ...view, canvas: fixed ?? padded(content) }));
  }

  return {
    passes: () => ({ coarse: COARSE_LONG_EDGE_PX, tiny: TINY_LONG_EDGE_PX, fine: detectionSize }),
    confirm: (photo, face, quarterTurns) => confirmFace(detect, photo, { face, quarterTurns }),
    detect,
    detectAsPublished: (photo) => {
      const sidePx = fixed ? Math.min(fixed.width, fixed.height) : detectionSize;
      return run(photo, placeLikeInsightFace(photo, sidePx), writeRoundedTensor);
    },
  };
}

/** Returns the input size if the model fixes it. */
function fixedCanvas({ input: { shape } }: OnnxModel): Size | undefined {
  const [, , height, width] = shape;
  return height && width ? { width, height } : undefined;
}

function padded({ width, height }: Size): Size {
  const roundUp = (length: number) => Math.ceil(length / SIDE_MULTIPLE) * SIDE_MULTIPLE;
  return { width: roundUp(width), height: roundUp(height) };
}
