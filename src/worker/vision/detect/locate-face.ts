import { VerificationError } from '../../../shared/errors.js';
import { alignFace, alignmentOf } from '../face/align-face.js';
import { type FaceEmbedder, normOf } from '../face/embed-face.js';
import { decodeImage, decodeRegion } from '../image/decode-image.js';
import { firstLongEdge } from '../image/decode-size.js';
import { createFlatPyramid, createPyramid, type ImagePyramid } from '../image/image-pyramid.js';
import type { ImageInfo, ImageLimits } from '../image/inspect-image.js';
import type { QuarterTurns } from '../image/placement.js';
import type { StepTimer } from '../step-timer.js';
import type { Box, FaceDetection, FivePoints, VisionSettings } from '../types.js';
import {
  type DetectedFaces,
  detectFaces,
  EXHAUSTIVE_ROUNDS,
  LARGE_ROUNDS,
  type Rounds,
  SMALL_ROUNDS,
} from './detect-faces.js';
import type { FaceDetector } from './face-detector.js';
import { boxOverlap } from './nms.js';
import { selectFace } from './select-face.js';

/** The subject of a photo, and pixels good enough to align it from. */
export interface LocatedFace {
  /** In pixels of the whole upright photo. */
  readonly face: FaceDetection;
  readonly facesFound: number;
  /** Clockwise turns that put the subject upright. */
  readonly quarterTurns: QuarterTurns;
  /** The whole photo, possibly reduced. */
  readonly photo: ImagePyramid;
  /** What to align the face from: the photo, or a part of it at full resolution. */
  readonly source: ImagePyramid;
  /** The subject's five points in pixels of `source`. */
  readonly sourceLandmarks: FivePoints;
}

export interface LocateContext {
  /** What inspectImage told of the photo, within the limits of `settings`. */
  readonly info: ImageInfo;
  readonly detector: FaceDetector;
  readonly embedder: FaceEmbedder;
  readonly settings: VisionSettings;
  readonly timer: StepTimer;
}

/** Space around a small face on every side that is decoded at full resolution, in parts of its longer edge. */
const REGION_MARGIN = 1;

/** Less overlap between a face and what is found in its enlarged region means that something else was found. */
const SAME_FACE_OVERLAP = 0.4;

/** Mean value of a photo's pixels under which a detector finds nobody in it, 0..255. */
const TOO_DARK = 16;
/** A sixteenth of the resolution is enough to see how dark it is. */
const DARKNESS_STEP = 16;

/**
 * Returns the subject of a photo. With coarse detection the photo is decoded reduced, and a subject that comes out
 * smaller than its aligned picture is decoded and looked at again at full resolution.
 * @throws face_not_found, multiple_faces; low_quality when it is not clear which way up it is or the photo is too dark to
 *   find a face in; image_undecodable and the other codes of decodeImage.
 */
export async function locateFace(bytes: Uint8Array, context: LocateContext): Promise<LocatedFace> {
  return context.settings.coarseDetection ? locateFast(bytes, context) : locateAsPublished(bytes, context);
}

/** What InsightFace does with a photo: everything at full size, and only its own bilinear sampling. */
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
  const { info, settings } = context;
  const { photo, found } = await search(bytes, context);
  if (!found && isTooDark(photo)) throw new VerificationError('low_quality', { reason: 'too_dark' });
  const subject = found?.subject ?? selectFace([], settings.faceSelection, photo);
  const toPhoto = { x: info.width / photo.width, y: info.height / photo.height };
  const located = {
    face: scaleFace(subject, toPhoto),
    facesFound: found?.faces.length ?? 0,
    quarterTurns: found?.quarterTurns ?? 0,
    photo,
  };
  const isReduced = Math.max(toPhoto.x, toPhoto.y) > 1;
  if (!isReduced || !isSmallerThanAligned(subject)) {
    return { ...located, source: photo, sourceLandmarks: subject.landmarks };
  }
  return { ...located, ...(await lookCloser(bytes, located, context)) };
}

interface Search {
  /** What was looked at last. */
  readonly photo: ImagePyramid;
  readonly found: DetectedFaces | undefined;
}

/** Looks for the subject in as little of the photo as will do: most are portraits, which show it in a small one. */
async function search(bytes: Uint8Array, context: LocateContext): Promise<Search> {
  const { info } = context;
  const { detectionSize, faceSelection } = context.settings;
  const longEdge = Math.max(info.width, info.height);
  const whole = Math.min(longEdge, detectionSize);
  if (faceSelection !== 'largest')
    return look(bytes, context, { longEdgePx: whole, rounds: EXHAUSTIVE_ROUNDS });
  const first = firstLongEdge(info, detectionSize);
  if (first >= whole)
    return look(bytes, context, { longEdgePx: whole, rounds: [...SMALL_ROUNDS, ...LARGE_ROUNDS] });
  const small = await look(bytes, context, { longEdgePx: first, rounds: SMALL_ROUNDS });
  return small.found ? small : look(bytes, context, { longEdgePx: whole, rounds: LARGE_ROUNDS });
}

async function look(
  bytes: Uint8Array,
  context: LocateContext,
  { longEdgePx, rounds }: { readonly longEdgePx: number; readonly rounds: Rounds },
): Promise<Search> {
  const { detector, embedder, settings, timer } = context;
  const options = { ...decodeOptions(context), targetLongEdgePx: longEdgePx };
  const photo = createPyramid(await timer.measure('decode', () => decodeImage(bytes, options)));
  const select = (faces: readonly FaceDetection[]) => selectFace(faces, settings.faceSelection, photo);
  // Recognisers of the ArcFace family give the longer embeddings the more of a face they recognise.
  const clarityOf = async (landmarks: FivePoints) =>
    normOf(await embedder.embed(alignFace(photo, landmarks)));
  const plan = { select, rounds, clarityOf };
  const found = await timer.measure('detect', () => detectFaces(detector, photo, plan));
  return { photo, found };
}

/** Finds a small face anew in its surroundings at full resolution, and keeps the first points when it is lost there. */
async function lookCloser(
  bytes: Uint8Array,
  { face, quarterTurns }: { face: FaceDetection; quarterTurns: QuarterTurns },
  context: LocateContext,
): Promise<Pick<LocatedFace, 'face' | 'source' | 'sourceLandmarks'>> {
  const { detector, timer } = context;
  const decoded = await timer.measure('decode_region', () =>
    decodeRegion(bytes, { ...decodeOptions(context), region: surroundings(face.box) }),
  );
  const source = createPyramid(decoded);
  const { x, y } = decoded.region;
  const first = shiftFace(face, { x: -x, y: -y });
  const closer = await timer.measure('detect', async () => {
    const longEdgePx = detector.looks(source, quarterTurns).coarse;
    const faces = await detector.detect(source, { longEdgePx, quarterTurns });
    const same = faces.filter((other) => boxOverlap(other.box, first.box) >= SAME_FACE_OVERLAP);
    const nearest = same.toSorted(
      (one, other) => boxOverlap(other.box, first.box) - boxOverlap(one.box, first.box),
    )[0];
    return nearest ? (await detector.confirm(source, nearest, quarterTurns)).face : first;
  });
  return { face: shiftFace(closer, { x, y }), source, sourceLandmarks: closer.landmarks };
}

/** Whether nothing can be seen in a photo, so that nobody can say that no face is there. */
function isTooDark(photo: ImagePyramid): boolean {
  const { data } = photo.levelFor(DARKNESS_STEP).image;
  return data.reduce((sum, value) => sum + value, 0) / data.length < TOO_DARK;
}

/** Whether aligning would have to invent pixels. */
function isSmallerThanAligned(face: FaceDetection): boolean {
  const { a, b } = alignmentOf(face.landmarks);
  return Math.hypot(a, b) > 1;
}

function surroundings({ x, y, width, height }: Box): Box {
  const margin = Math.max(width, height) * REGION_MARGIN;
  return { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
}

function scaleFace({ box, score, landmarks }: FaceDetection, by: { x: number; y: number }): FaceDetection {
  return {
    box: { x: box.x * by.x, y: box.y * by.y, width: box.width * by.x, height: box.height * by.y },
    score,
    landmarks: landmarks.map((value, index) => value * (index % 2 === 0 ? by.x : by.y)),
  };
}

function shiftFace({ box, score, landmarks }: FaceDetection, by: { x: number; y: number }): FaceDetection {
  return {
    box: { ...box, x: box.x + by.x, y: box.y + by.y },
    score,
    landmarks: landmarks.map((value, index) => value + (index % 2 === 0 ? by.x : by.y)),
  };
}

const decodeOptions = ({ info, settings }: LocateContext): ImageLimits & { readonly info: ImageInfo } => ({
  info,
  maxPixels: settings.maxImagePixels,
  formats: settings.imageFormats,
});
