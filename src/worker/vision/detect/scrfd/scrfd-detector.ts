import type { OnnxModel } from '../../onnx/onnx-session.js';
import type { Confirmation } from '../confirm-face.js';
import type { FaceDetector } from '../face-detector.js';
import { createPointDetector, type PointDetectorSettings } from '../point-detector.js';
import { decodeScrfd } from './scrfd.js';

/** InsightFace's defaults, which the published figures of its packs were measured with. */
const MIN_SCORE = 0.5;
const MAX_OVERLAP = 0.4;

/** Four times cheaper than 640, and finds faces that fill the frame, which 640 misses. */
const COARSE_LONG_EDGE_PX = 256;

/** For faces cut off by the frame. */
const TINY_LONG_EDGE_PX = 128;

/**
 * Of 589 faces in photos turned the wrong way, clean, blurred, dark or small, the most recognisable had 0.53; 94 % of clean
 * photos have more than this (SCRFD-500M and 2.5G).
 */
const CLEAR_RECOGNISABILITY = 0.9;

/** Embeddings from the points of such faces are as similar to those of the published detection as after a second pass. */
const CLEAR_FACE_PX = 80;

/** In the tiny pass such a face has 38 px and is found as surely as in the coarse one, at a quarter of the cost. */
const GLANCE_SIZE = 0.3;

/**
 * Half of all upright faces score higher than 0.86; no upside-down face with upright-looking landmarks does. Of 1,064
 * detections that the check upside down rejected, with SCRFD-500M and 2.5G, none had a sum of more than 1.55; up to three
 * quarters of upright faces do. A face on its side is detected with landmarks that show it.
 */
const CONFIRMATION: Confirmation = {
  sureScore: 0.86,
  sureScoreSum: 1.58,
  settledScoreSum: 0,
  rivals: [2],
  rivalMargin: 0,
  loneScore: 0,
  clearRecognisability: CLEAR_RECOGNISABILITY,
  glanceSize: GLANCE_SIZE,
  clearSize: CLEAR_FACE_PX / COARSE_LONG_EDGE_PX,
  // The face is then about CLEAR_FACE_PX high. 160 px at full scale take half as long again, for the same similarities.
  cutout: { sidePx: 128, scale: 0.8 },
};

/** Returns a detector on an SCRFD model, which the caller closes. It is not reentrant. */
export function createScrfdDetector(model: OnnxModel, settings: PointDetectorSettings): FaceDetector {
  return createPointDetector(model, settings, {
    decode: (outputs, input) => decodeScrfd(outputs, input, MIN_SCORE),
    maxOverlap: MAX_OVERLAP,
    passes: { coarse: COARSE_LONG_EDGE_PX, tiny: TINY_LONG_EDGE_PX },
    confirmation: CONFIRMATION,
  });
}
