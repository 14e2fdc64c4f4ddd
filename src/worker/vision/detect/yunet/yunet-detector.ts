import type { OnnxModel } from '../../onnx/onnx-session.js';
import type { Confirmation } from '../confirm-face.js';
import type { FaceDetector } from '../face-detector.js';
import { createPointDetector, type PointDetectorSettings } from '../point-detector.js';
import { decodeYunet } from './yunet.js';

const MIN_SCORE = 0.6;

/** OpenCV's default. */
const MAX_OVERLAP = 0.3;

/** For portraits, including faces that fill the frame. */
const COARSE_LONG_EDGE_PX = 256;

/** For faces cut off by the frame. */
const TINY_LONG_EDGE_PX = 128;

/**
 * YuNet places landmarks precisely only on large faces. Compared with the landmarks of SCRFD-2.5G, the embeddings of 108
 * faces had a median similarity of 0.96 (5 %: 0.66) after a pass at 256 px, and of 0.97 (5 %: 0.87) after a second pass on a
 * large cut-out. So every face gets a second pass. YuNet also detects most turned faces, with landmarks that look upright.
 * No sum of 199 such detections was above 1.844; the sums of more than half of 108 upright faces are. On the cut-out, every
 * upright face scores higher than in any other turn, 5 % of them by less than 0.042. Two of the turned faces also score
 * higher, by at most 0.031, and a third has a low sum; in these cases the embedding decides.
 */
const CONFIRMATION: Confirmation = {
  sureScore: Number.POSITIVE_INFINITY,
  sureScoreSum: 1.86,
  settledScoreSum: 1.7,
  rivals: [2, 1, 3],
  rivalMargin: 0.045,
  loneScore: 0.8,
  cutout: { sidePx: 320, scale: 2 },
};

/** Returns a detector on a YuNet model, which the caller closes. It is not reentrant. */
export function createYunetDetector(model: OnnxModel, settings: PointDetectorSettings): FaceDetector {
  const names = model.outputs.map(({ name }) => name);
  return createPointDetector(model, settings, {
    decode: (outputs, input) => {
      const named = outputs.map((output, index) => ({ ...output, name: names[index]! }));
      return decodeYunet(named, input, MIN_SCORE);
    },
    maxOverlap: MAX_OVERLAP,
    passes: { coarse: COARSE_LONG_EDGE_PX, tiny: TINY_LONG_EDGE_PX },
    confirmation: CONFIRMATION,
  });
}
