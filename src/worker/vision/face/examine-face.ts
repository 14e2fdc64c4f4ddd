import { VerificationError } from '../../../shared/errors.js';
import { type LocateContext, type LocatedFace, locateFace } from '../detect/locate-face.js';
import { type ImageInfo, imageLimitsOf, inspectImage } from '../image/inspect-image.js';
import { repairJpeg } from '../image/jpeg/repair-jpeg.js';
import type { ModelPack } from '../pack/model-pack.js';
import { rateFace } from '../recognisability/rate-face.js';
import { createStepTimer, type StepTimer } from '../step-timer.js';
import type { VisionSettings } from '../types.js';
import { createFaceReader, type FaceReading } from './read-face.js';

/** All measurements of a photo's subject, before they are judged. */
export interface ExaminedFace extends FaceReading {
  readonly info: ImageInfo;
  readonly located: LocatedFace;
  /** True if the file was decoded only after harmless irregularities were removed (`repairJpeg`). */
  readonly isRepaired: boolean;
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
  const readFace = createFaceReader(pack, timer);
  const info = await timer.measure('inspect', () => inspectImage(bytes, imageLimitsOf(settings)));
  const { located, isRepaired } = await locateInRepaired(bytes, {
    info,
    detector: pack.detector,
    readFace,
    recognisabilityOf: (reading) => rateFace(reading, pack.recognisability.score),
    settings,
    timer,
  });
  requireSize(located, settings);
  const { source, sourceLandmarks: landmarks, face } = located;
  const reading = await readFace({ source, landmarks, photoLandmarks: face.landmarks });
  return { info, located, isRepaired, ...reading };
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
