import type { ImagePyramid } from '../image/image-pyramid.js';
import type { QuarterTurns, Size } from '../image/placement.js';
import type { FaceDetection, FivePoints } from '../types.js';

/** One pass over a photo: how large and which way up the detector sees it. */
export interface View {
  /** Length of the photo's longer edge on the detector's input, px. */
  readonly longEdgePx: number;
  /** Clockwise turns before detection. */
  readonly quarterTurns: QuarterTurns;
}

/**
 * The size of the photo in a pass. `coarse`: the cheapest size that shows the whole photo; finds the faces of portraits,
 * even those that fill the frame. `tiny`: half of that, for faces cut off by the frame. `fine`: the detection size, for
 * small faces.
 */
export type PassName = 'coarse' | 'tiny' | 'fine';

/** What a detector may use to check a face at a glance. */
export interface GlanceCheck {
  /** Returns how similar the face at these points of the photo is likely to be to a clean photo of itself, 0..1. */
  readonly recognisabilityOf: (landmarks: FivePoints) => Promise<number>;
}

/** What a detector may use to check a face. */
export interface FaceCheck extends GlanceCheck {
  /** Clockwise turns under which the face was found. */
  readonly quarterTurns: QuarterTurns;
}

/** A face that the detector has checked a second time. */
export interface ConfirmedFace {
  readonly face: FaceDetection;
  /** How likely it is that this is a face that is upright in its view, 0..1. From SETTLED upwards it counts as one. */
  readonly plausibility: number;
}

/** Plausibility from which no other view needs to be tried. */
export const SETTLED = 0.5;

/** One or two models that find faces and their five points. */
export interface FaceDetector {
  /** What `lookCloser` needs around a face, as a fraction of the face's longer edge. */
  readonly closeUpMargin: number;
  /** Returns the length of the photo's longer edge in each pass, px. */
  passes(photo: Size, quarterTurns: QuarterTurns): Readonly<Record<PassName, number>>;
  /** Returns the faces of a photo in pixels of the unturned photo, best score first, overlaps suppressed. */
  detect(photo: ImagePyramid, view: View): Promise<FaceDetection[]>;
  /** Returns how plausible a face is that `detect` found under the same turns, and possibly better points for it. */
  confirm(photo: ImagePyramid, face: FaceDetection, check: FaceCheck): Promise<ConfirmedFace>;
  /**
   * Returns the only face of the upright `tiny` pass, with better points, if the coarse pass could say no more about it.
   * Absent: the coarse pass is always needed.
   */
  readonly confirmAtAGlance?: (
    photo: ImagePyramid,
    face: FaceDetection,
    check: GlanceCheck,
  ) => Promise<FaceDetection | undefined>;
  /**
   * Returns the face with better points, found in its surroundings at full resolution: the same pixels, more of them.
   * Returns it unchanged if it is not found there.
   */
  lookCloser(
    surroundings: ImagePyramid,
    face: FaceDetection,
    quarterTurns: QuarterTurns,
  ): Promise<FaceDetection>;
  /**
   * Returns the faces that the model's publisher would find: InsightFace's resize and rounding at the detection size.
   * Exact on a flat pyramid of the photo at its full size.
   */
  detectAsPublished(photo: ImagePyramid): Promise<FaceDetection[]>;
}
