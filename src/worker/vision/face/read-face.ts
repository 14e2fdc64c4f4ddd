import type { ImagePyramid } from '../image/image-pyramid.js';
import { lumaOf } from '../recognisability/luma-plane.js';
import { measureAppearance } from '../recognisability/measure-appearance.js';
import { measureFeatures } from '../recognisability/measure-features.js';
import type { FaceEvidence } from '../recognisability/rate-face.js';
import type { StepTimer } from '../step-timer.js';
import type { FivePoints, RgbImage } from '../types.js';
import { alignFace } from './align-face.js';
import { type FaceEmbedder, type NormBand, normaliseEmbedding, normOf } from './embed-face.js';

/** Where a face is. */
export interface FacePlace {
  /** The picture to align the face from. */
  readonly source: ImagePyramid;
  /** The five points in pixels of `source`. */
  readonly landmarks: FivePoints;
  /** The same points in pixels of the whole photo at full size. */
  readonly photoLandmarks: FivePoints;
}

/** A face as the recogniser sees it, and everything that is measured of it. */
export interface FaceReading extends FaceEvidence {
  /** RGB, 112 × 112. */
  readonly aligned: RgbImage;
  /** Length of the raw embedding. Recognisers of the ArcFace family give longer ones for faces that they see more clearly. */
  readonly norm: number;
}

/** @throws model_failure */
export type ReadFace = (place: FacePlace) => Promise<FaceReading>;

/**
 * Returns a reader for the faces of one photo. It remembers them, because the search may read the face that is compared
 * afterwards. Points belong to the picture in which they were found.
 */
export function createFaceReader(
  { embedder, normBand }: { readonly embedder: FaceEmbedder; readonly normBand: NormBand },
  timer: StepTimer,
): ReadFace {
  const known = new Map<FivePoints, Promise<FaceReading>>();
  const read = async ({ source, landmarks, photoLandmarks }: FacePlace): Promise<FaceReading> => {
    const aligned = await timer.measure('align', () => alignFace(source, landmarks));
    const raw = await timer.measure('embed', () => embedder.embed(aligned));
    return {
      aligned,
      norm: normOf(raw),
      embedding: normaliseEmbedding(raw, normBand),
      appearance: measureAppearance(lumaOf(aligned)),
      features: measureFeatures({ aligned, landmarks: photoLandmarks, raw }),
    };
  };
  return (place) => {
    const reading = known.get(place.landmarks) ?? read(place);
    known.set(place.landmarks, reading);
    return reading;
  };
}
