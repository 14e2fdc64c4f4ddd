import { VerificationError } from '../../../shared/errors.js';
import { isSmallerThanAligned } from '../face/align-face.js';
import type { FaceReading, ReadFace } from '../face/read-face.js';
import { type DecodeOptions, decodeImage, decodeRegion } from '../image/decode-image.js';
import { firstLongEdge } from '../image/decode-size.js';
import { createFlatPyramid, createPyramid, type ImagePyramid } from '../image/image-pyramid.js';
import type { ImageInfo } from '../image/inspect-image.js';
import type { QuarterTurns } from '../image/placement.js';
import type { StepTimer } from '../step-timer.js';
import type { Box, FaceDetection, FivePoints, VisionSettings } from '../types.js';
import {
  type DetectedFaces,
  type DetectionPlan,
  detectFaces,
  EXHAUSTIVE_ROUNDS,
  LARGE_ROUNDS,
  SMALL_ROUNDS,
} from './detect-faces.js';
import type { FaceDetector } from './face-detector.js';
import { selectFace } from './select-face.js';

/** The subject of a photo, and pixels sharp enough to align it. */
export interface LocatedFace {
  /** In pixels of the whole upright photo. */
  readonly face: FaceDetection;
  readonly facesFound: number;
  /** Clockwise turns that put the subject upright. */
  readonly quarterTurns: QuarterTurns;
  /** The whole photo, possibly reduced. */
  readonly photo: ImagePyramid;
  /** The pixels to align the face from: the photo, or a part of it at full resolution. */
  readonly source: ImagePyramid;
  /** The subject's five points in pixels of `source`. */
  readonly sourceLandmarks: FivePoints;
}

export interface LocateContext {
  /** Result of inspectImage within the limits of `settings`. */
  readonly info: ImageInfo;
  readonly detector: FaceDetector;
  readonly readFace: ReadFace;
  /** Returns how similar a face is likely to be to a clean photo of itself, 0..1. */
  readonly recognisabilityOf: (reading: FaceReading) => number;
  readonly settings: VisionSettings;
  readonly timer: StepTimer;
}

/** Mean pixel value below which detectors find no face, 0..255. */
const TOO_DARK = 16;
/** A sixteenth of the resolution is enough to measure brightness. */
const DARKNESS_STEP = 16;

/**
 * Returns the subject of a photo. With coarse detection the photo is decoded at reduced size; a subject smaller than its
 * aligned picture is then decoded and detected again at full resolution.
 * @throws face_not_found, multiple_faces; low_quality if it is unclear which way up the face is, or if the photo is too
 *   dark; image_undecodable and the other codes of decodeImage.
 */
export async function locateFace(bytes: Uint8Array, context: LocateContext): Promise<LocatedFace> {
  return context.settings.coarseDetection ? locateFast(bytes, context) : locateAsPublished(bytes, context);
}

/** Does what InsightFace does: everything at full size, with its own bilinear sampling. */
async function locateAsPublished(bytes: Uint8Array, context: LocateContext): Promise<LocatedFace> {
  const { detector, settings, timer } = context;
  const photo = createFlatPyramid(
    await timer.measure('decode', () => decodeImage(bytes, decodeOptions(context))),
  );
  const faces = await timer.measure('detect', () => detector.detectAsPublished(photo));
  const face = selectFace(faces, settings.faceSelection, photo);
  return {
    face,
    facesFound: faces.length,
    quarterTurns: 0,
    photo,
    source: photo,
    sourceLandmarks: face.landmarks,
  };
}

async function locateFast(bytes: Uint8Array, context: LocateContext): Promise<LocatedFace> {
  const { settings } = context;
  const { photo, found } = await search(bytes, context);
  if (!found && isTooDark(photo)) throw new VerificationError('low_quality', { reason: 'too_dark' });
  const subject = found?.subject ?? selectFace([], settings.faceSelection, photo);
  const toPhoto = reductionOf(photo, context);
  const located = {
    face: scaleFace(subject, toPhoto),
    facesFound: found?.faces.length ?? 0,
    quarterTurns: found?.quarterTurns ?? 0,
    photo,
  };
  const isReduced = Math.max(toPhoto.x, toPhoto.y) > 1;
  if (!isReduced || !isSmallerThanAligned(subject.landmarks)) {
    return { ...located, source: photo, sourceLandmarks: subject.landmarks };
  }
  return { ...located, ...(await refineFace(bytes, located, context)) };
}

interface Search {
  /** The photo at the size of the last pass. */
  readonly photo: ImagePyramid;
  readonly found: DetectedFaces | undefined;
}

/** Searches for the subject at the smallest sufficient size: most photos are portraits, where a small one is enough. */
async function search(bytes: Uint8Array, context: LocateContext): Promise<Search> {
  const { info } = context;
  const { detectionSize, faceSelection } = context.settings;
  const longEdge = Math.max(info.width, info.height);
  const whole = Math.min(longEdge, detectionSize);
  if (faceSelection !== 'largest')
    return searchAt(bytes, context, { longEdgePx: whole, rounds: EXHAUSTIVE_ROUNDS });
  const first = firstLongEdge(info, detectionSize);
  if (first >= whole)
    return searchAt(bytes, context, {
      longEdgePx: whole,
      rounds: [...SMALL_ROUNDS, ...LARGE_ROUNDS],
      atAGlance: true,
    });
  const small = await searchAt(bytes, context, { longEdgePx: first, rounds: SMALL_ROUNDS, atAGlance: true });
  return small.found ? small : searchAt(bytes, context, { longEdgePx: whole, rounds: LARGE_ROUNDS });
}

async function searchAt(
  bytes: Uint8Array,
  context: LocateContext,
  { longEdgePx, ...how }: { readonly longEdgePx: number } & Pick<DetectionPlan, 'rounds' | 'atAGlance'>,
): Promise<Search> {
  const { detector, readFace, recognisabilityOf, settings, timer } = context;
  const options = { ...decodeOptions(context), targetLongEdgePx: longEdgePx };
  const photo = createPyramid(await timer.measure('decode', () => decodeImage(bytes, options)));
  const toPhoto = reductionOf(photo, context);
  const read = (landmarks: FivePoints) =>
    readFace({ source: photo, landmarks, photoLandmarks: scalePoints(landmarks, toPhoto) });
  const plan = {
    select: (faces: readonly FaceDetection[]) => selectFace(faces, settings.faceSelection, photo),
    ...how,
    clarityOf: async (landmarks: FivePoints) => (await read(landmarks)).norm,
    recognisabilityOf: async (landmarks: FivePoints) => recognisabilityOf(await read(landmarks)),
  };
  const found = await timer.measure('detect', () => detectFaces(detector, photo, plan));
  return { photo, found };
}

/** Detects a small face again in its surroundings at full resolution; keeps the first points if it is not found there. */
async function refineFace(
  bytes: Uint8Array,
  { face, quarterTurns }: { face: FaceDetection; quarterTurns: QuarterTurns },
  context: LocateContext,
): Promise<Pick<LocatedFace, 'face' | 'source' | 'sourceLandmarks'>> {
  const { detector, timer } = context;
  const decoded = await timer.measure('decode_region', () =>
    decodeRegion(bytes, {
      ...decodeOptions(context),
      region: surroundings(face.box, detector.closeUpMargin),
    }),
  );
  const source = createPyramid(decoded);
  const { x, y } = decoded.region;
  const first = shiftFace(face, { x: -x, y: -y });
  const closer = await timer.measure('detect', () => detector.lookCloser(source, first, quarterTurns));
  return { face: shiftFace(closer, { x, y }), source, sourceLandmarks: closer.landmarks };
}

/** True if the photo is so dark that nobody can say whether it shows a face. */
function isTooDark(photo: ImagePyramid): boolean {
  const { data } = photo.levelFor(DARKNESS_STEP).image;
  return data.reduce((sum, value) => sum + value, 0) / data.length < TOO_DARK;
}

function surroundings({ x, y, width, height }: Box, marginOfFace: number): Box {
  const margin = Math.max(width, height) * marginOfFace;
  return { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
}

function scaleFace({ box, score, landmarks }: FaceDetection, by: { x: number; y: number }): FaceDetection {
  return {
    box: { x: box.x * by.x, y: box.y * by.y, width: box.width * by.x, height: box.height * by.y },
    score,
    landmarks: scalePoints(landmarks, by),
  };
}

function scalePoints(points: FivePoints, by: { x: number; y: number }): FivePoints {
  return points.map((value, index) => value * (index % 2 === 0 ? by.x : by.y));
}

/** Returns how many pixels of the whole photo one pixel of the decoded one stands for, on each axis. */
function reductionOf(photo: ImagePyramid, { info }: LocateContext): { x: number; y: number } {
  return { x: info.width / photo.width, y: info.height / photo.height };
}

function shiftFace({ box, score, landmarks }: FaceDetection, by: { x: number; y: number }): FaceDetection {
  return {
    box: { ...box, x: box.x + by.x, y: box.y + by.y },
    score,
    landmarks: landmarks.map((value, index) => value + (index % 2 === 0 ? by.x : by.y)),
  };
}

const decodeOptions = ({ info, settings }: LocateContext): DecodeOptions => ({
  info,
  maxPixels: settings.maxImagePixels,
});
