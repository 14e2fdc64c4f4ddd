import type { ImagePyramid } from '../image/image-pyramid.js';
import type { QuarterTurns, Size } from '../image/placement.js';
import type { FaceDetection } from '../types.js';

/** One look at a photo. */
export interface View {
  /** Length the photo's longer edge is given, px of the detector's input. */
  readonly longEdgePx: number;
  /** Clockwise, before looking. */
  readonly quarterTurns: QuarterTurns;
}

/**
 * How large a photo is looked at. `coarse`: all of it at the least cost, which finds the faces of portraits, also those
 * that fill the frame. `tiny`: half of that, for faces cut off by the frame. `fine`: the detection size, for small faces.
 */
export type LookName = 'coarse' | 'tiny' | 'fine';

/** A face after a second thought. */
export interface ConfirmedFace {
  readonly face: FaceDetection;
  /** How likely this is a face that stands upright in the view it was found in, 0..1; from SETTLED on it is taken as one. */
  readonly plausibility: number;
}

/** Plausibility from which no other view needs to be tried. */
export const SETTLED = 0.5;

/** A model, or two, that finds faces with their five points. */
export interface FaceDetector {
  /** Returns the length of the photo's longer edge in each look, px. */
  looks(photo: Size, quarterTurns: QuarterTurns): Readonly<Record<LookName, number>>;
  /** Returns the faces of a photo in pixels of the unturned photo, best score first, overlaps suppressed. */
  detect(photo: ImagePyramid, view: View): Promise<FaceDetection[]>;
  /** Returns a face that `detect` found under the same turns, its points possibly improved, and how plausible it is. */
  confirm(photo: ImagePyramid, face: FaceDetection, quarterTurns: QuarterTurns): Promise<ConfirmedFace>;
  /**
   * Returns what the model's publisher would have found: InsightFace's resize and rounding at the full detection size.
   * Exact on a flat pyramid of the photo at its full size.
   */
  detectAsPublished(photo: ImagePyramid): Promise<FaceDetection[]>;
}
