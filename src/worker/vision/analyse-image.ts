import { hash } from 'node:crypto';
import { VerificationError } from '../../shared/errors.js';
import { type ExaminedFace, examineFace } from './face/examine-face.js';
import { describeQuality } from './face/face-quality.js';
import { hashPhoto } from './image/perceptual-hash.js';
import type { ModelPack } from './pack/model-pack.js';
import { type FaceVerdict, judgeFace } from './recognisability/judge-face.js';
import { createStepTimer } from './step-timer.js';
import type { Box, FaceAnalysis, VisionSettings } from './types.js';

/**
 * Returns the analysis of one photo: its subject's face, embedding and quality. The pack is not reentrant, so callers
 * wait for one photo before they pass the next.
 * @throws VerificationError image_unsupported, image_too_large, image_undecodable; face_not_found, multiple_faces,
 *   face_too_small, low_quality; model_failure.
 */
export async function analyseImage(
  bytes: Uint8Array,
  pack: ModelPack,
  settings: VisionSettings,
): Promise<FaceAnalysis> {
  const timer = createStepTimer();
  const examined = await examineFace(bytes, { pack, settings }, timer);
  const { info, located, aligned, embedding } = examined;
  const verdict = judgeFace(examined, {
    data: pack.recognisability,
    strictness: settings.recognisability,
    minScore: settings.minFaceQuality,
  });
  requireRecognisable(verdict);
  return {
    embedding,
    face: { ...located.face, box: clipBox(located.face.box, info) },
    quality: { ...describeQuality(aligned, located.face.landmarks), score: verdict.score },
    doubtMargin: verdict.doubtMargin,
    facesFound: located.facesFound,
    width: info.width,
    height: info.height,
    contentDigest: hash('sha256', bytes),
    perceptualHash: hashPhoto(located.photo),
    warnings: [...warningsFor(examined), ...verdict.warnings],
    timingsMs: timer.timingsMs,
  };
}

function requireRecognisable({ usable, score, reason }: FaceVerdict): void {
  if (usable) return;
  throw new VerificationError(reason === 'not_a_face' ? 'face_not_found' : 'low_quality', {
    reason,
    context: { quality: Number(score.toFixed(3)) },
  });
}

function warningsFor({ located: { quarterTurns, facesFound }, isRepaired }: ExaminedFace): string[] {
  return [
    ...(isRepaired ? ['repaired_file'] : []),
    ...(quarterTurns === 0 ? [] : [`rotated_${quarterTurns * 90}`]),
    ...(facesFound > 1 ? ['several_faces'] : []),
  ];
}

/** Returns the part of a box inside the photo. For cropped faces, detectors place edges outside it. */
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
