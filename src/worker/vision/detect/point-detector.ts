import type { ImagePyramid } from '../image/image-pyramid.js';
import {
  mapToPhoto,
  type Placement,
  placeLikeInsightFace,
  placeTopLeft,
  type Size,
} from '../image/placement.js';
import { type Normalisation, writeRoundedTensor, writeTensor } from '../image/to-tensor.js';
import type { NumericTensor, OnnxModel } from '../onnx/onnx-session.js';
import type { FaceDetection } from '../types.js';
import { type Confirmation, confirmAtAGlance, confirmFace, refineFace } from './confirm-face.js';
import type { FaceDetector, PassName, View } from './face-detector.js';
import { suppressOverlaps } from './nms.js';

/** Differences between models that detect faces with their five points in one run. */
export interface PointModel {
  /** Returns the faces in pixels of the input, overlaps not yet suppressed. `outputs`: in the model's order. */
  readonly decode: (outputs: readonly NumericTensor[], input: Size) => FaceDetection[];
  /** Overlap (0..1) above which two detections are one face. */
  readonly maxOverlap: number;
  /** Longer edge of the photo in the small passes, px. */
  readonly passes: Readonly<Record<Exclude<PassName, 'fine'>, number>>;
  readonly confirmation: Confirmation;
}

export interface PointDetectorSettings {
  readonly normalisation: Normalisation;
  readonly detectionSize: number;
}

/** These networks halve their input five times. */
const SIDE_MULTIPLE = 32;

/** What the cut-out around a face shows beyond its box, and a little more. */
const CLOSE_UP_MARGIN = 0.5;

/** Returns a detector on a model, which the caller closes. It keeps one input buffer and is not reentrant. */
export function createPointDetector(
  model: OnnxModel,
  { normalisation, detectionSize }: PointDetectorSettings,
  { decode, maxOverlap, passes, confirmation }: PointModel,
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
    const faces = decode(await model.run(input, [1, 3, height, width]), placement.canvas);
    return suppressOverlaps(faces, maxOverlap).map((face) => mapToPhoto(face, placement, photo));
  }

  function detect(photo: ImagePyramid, { longEdgePx, quarterTurns }: View): Promise<FaceDetection[]> {
    const longest = fixed ? Math.min(longEdgePx, fixed.width, fixed.height) : longEdgePx;
    const view = { longEdgePx: longest, quarterTurns };
    const { content } = placeTopLeft(photo, { ...view, canvas: { width: 0, height: 0 } });
    return run(photo, placeTopLeft(photo, { ...view, canvas: fixed ?? padded(content) }));
  }

  return {
    closeUpMargin: CLOSE_UP_MARGIN,
    passes: () => ({ ...passes, fine: detectionSize }),
    confirm: (photo, face, check) => confirmFace(detect, photo, { face, ...check, rules: confirmation }),
    ...(confirmation.glanceSize !== undefined && {
      confirmAtAGlance: (photo, face, check) =>
        confirmAtAGlance(detect, photo, { face, ...check, rules: confirmation }),
    }),
    detect,
    lookCloser: (photo, face) => refineFace(detect, photo, { face, cutout: confirmation.cutout }),
    detectAsPublished: (photo) => {
      const sidePx = fixed ? Math.min(fixed.width, fixed.height) : detectionSize;
      return run(photo, placeLikeInsightFace(photo, sidePx), writeRoundedTensor);
    },
  };
}

/** Returns the size of the input if the model fixes it. */
function fixedCanvas({ input: { shape } }: OnnxModel): Size | undefined {
  const [, , height, width] = shape;
  return height && width ? { width, height } : undefined;
}

function padded({ width, height }: Size): Size {
  const roundUp = (length: number) => Math.ceil(length / SIDE_MULTIPLE) * SIDE_MULTIPLE;
  return { width: roundUp(width), height: roundUp(height) };
}
