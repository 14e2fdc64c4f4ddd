import { VerificationError } from '../../../shared/errors.js';
import { type LocateContext, type LocatedFace, locateFace } from '../detect/locate-face.js';
import { type ImageInfo, imageLimitsOf, inspectImage } from '../image/inspect-image.js';
import { repairJpeg } from '../image/jpeg/repair-jpeg.js';
import type { ModelPack } from '../pack/model-pack.js';
import { lumaOf } from '../recognisability/luma-plane.js';
import { measureAppearance } from '../recognisability/measure-appearance.js';
import { measureFeatures } from '../recognisability/measure-features.js';
import type { FaceEvidence } from '../recognisability/rate-face.js';
import { createStepTimer, type StepTimer } from '../step-timer.js';
import type { RgbImage, VisionSettings } from '../types.js';
import { alignFace } from './align-face.js';
import { normaliseEmbedding } from './embed-face.js';

/** All measurements of a photo's subject, before they are judged. */
export interface ExaminedFace extends FaceEvidence {
  readonly info: ImageInfo;
  readonly located: LocatedFace;
  /** True if the file was decoded only after harmless irregularities were removed (`repairJpeg`). */
  readonly isRepaired: boolean;
  /** RGB, 112 × 112. */
  readonly aligned: RgbImage;
}

/**
 * Finds the subject of a photo, and measures and embeds its face.
 * @throws VerificationError image_unsupported, image_too_large, image_undecodable; face_not_found, multiple_faces,
 *   face_too_small; model_failure.
 */
export async function examineFace(
  bytes: Uint8Array,
  { pack, settings }: { readonly pack: ModelPack; readonly settings: VisionSettings },
  timer: StepTimer = createStepTimer(),
): Promise<ExaminedFace> {
  const info = await timer.measure('inspect', () => inspectImage(bytes, imageLimitsOf(settings)));
  const { located, isRepaired } = await locateInRepaired(bytes, { info, ...pack, settings, timer });
  requireSize(located, settings);
  const aligned = await timer.measure('align', () => alignFace(located.source, located.sourceLandmarks));
  const raw = await timer.measure('embed', () => pack.embedder.embed(aligned));
  const embedding = normaliseEmbedding(raw, pack.normBand);
  return {
    info,
    located,
    isRepaired,
    aligned,
    embedding,
    appearance: measureAppearance(lumaOf(aligned)),
    features: measureFeatures({ aligned, landmarks: located.face.landmarks, raw }),
  };
}

/** Does what locateFace does; a JPEG that cannot be decoded is tried again without its harmless irregularities. */
async function locateInRepaired(
  bytes: Uint8Array,
  context: LocateContext,
): Promise<Pick<ExaminedFace, 'located' | 'isRepaired'>> {
  try {
    return { located: await locateFace(bytes, context), isRepaired: false };
  } catch (error) {
    const isBroken = error instanceof VerificationError && error.code === 'image_undecodable';
    const repaired = isBroken && context.info.format === 'jpeg' ? repairJpeg(bytes) : undefined;
    if (repaired === undefined) throw error;
    return { located: await locateFace(repaired, context), isRepaired: true };
  }
}

function requireSize({ face }: LocatedFace, settings: VisionSettings): void {
  const size = Math.min(face.box.width, face.box.height);
  if (size >= settings.minFaceSizePx) return;
  throw new VerificationError('face_too_small', {
    context: { face_px: Math.round(size), min_face_px: settings.minFaceSizePx },
  });
}
