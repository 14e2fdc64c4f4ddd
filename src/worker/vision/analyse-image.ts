import { createHash } from 'node:crypto';
import { VerificationError } from '../../shared/errors.js';
import { alignFace } from './align-face.js';
import { normaliseEmbedding } from './embed-face.js';
import { rateFace } from './face-quality.js';
import { imageLimitsOf, inspectImage } from './inspect-image.js';
import { type LocatedFace, locateFace } from './locate-face.js';
import type { ModelPack } from './model-pack.js';
import { hashPhoto } from './perceptual-hash.js';
import { createStepTimer } from './step-timer.js';
import type { Box, FaceAnalysis, FaceQuality, VisionSettings } from './types.js';

/**
 * Returns what there is to know of one photo: its subject's face and embedding. The pack is not reentrant, so callers
 * wait for one photo before they give the next.
 * @throws VerificationError image_unsupported, image_too_large, image_undecodable; face_not_found, multiple_faces,
 *   face_too_small, low_quality; model_failure.
 */
export async function analyseImage(
  bytes: Uint8Array,
  pack: ModelPack,
  settings: VisionSettings,
): Promise<FaceAnalysis> {
  const timer = createStepTimer();
  const info = await timer.measure('inspect', () => inspectImage(bytes, imageLimitsOf(settings)));
  const located = await locateFace(bytes, { info, ...pack, settings, timer });
  requireSize(located, settings);
  const aligned = await timer.measure('align', () => alignFace(located.source, located.sourceLandmarks));
  const quality = rateFace(aligned, located.face.landmarks);
  requireQuality(quality, settings);
  const raw = await timer.measure('embed', () => pack.embedder.embed(aligned));
  return {
    embedding: normaliseEmbedding(raw, pack.normBand),
    face: { ...located.face, box: clipBox(located.face.box, info) },
    quality,
    facesFound: located.facesFound,
    width: info.width,
    height: info.height,
    contentDigest: createHash('sha256').update(bytes).digest('hex'),
    perceptualHash: hashPhoto(located.photo),
    warnings: warningsFor(located),
    timingsMs: timer.timingsMs,
  };
}

function requireSize({ face }: LocatedFace, settings: VisionSettings): void {
  const size = Math.min(face.box.width, face.box.height);
  if (size >= settings.minFaceSizePx) return;
  throw new VerificationError('face_too_small', {
    context: { face_px: Math.round(size), min_face_px: settings.minFaceSizePx },
  });
}

function requireQuality({ score }: FaceQuality, settings: VisionSettings): void {
  if (score >= settings.minFaceQuality) return;
  throw new VerificationError('low_quality', {
    context: { quality: Number(score.toFixed(3)), min_quality: settings.minFaceQuality },
  });
}

function warningsFor({ quarterTurns, facesFound }: LocatedFace): string[] {
  const warnings = quarterTurns === 0 ? [] : [`rotated_${quarterTurns * 90}`];
  return facesFound > 1 ? [...warnings, 'several_faces'] : warnings;
}

/** The part of a box that lies inside the photo; detectors place edges outside it for faces that are cut off. */
function clipBox({ x, y, width, height }: Box, photo: { width: number; height: number }): Box {
  const left = Math.min(photo.width, Math.max(0, x));
  const top = Math.min(photo.height, Math.max(0, y));
  return {
    x: left,
    y: top,
    width: Math.min(photo.width, Math.max(left, x + width)) - left,
    height: Math.min(photo.height, Math.max(top, y + height)) - top,
  };
}
