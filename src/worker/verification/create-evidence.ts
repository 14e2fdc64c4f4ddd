import { type FrontImage, IMAGE_NAMES, type ImageName } from '../../shared/contract/compare-request.js';
import type { Warning } from '../../shared/contract/compare-result.js';
import type { Evidence, FaceEvidence, ImageEvidence } from '../../shared/contract/evidence.js';
import { publicFactsOf } from '../../shared/errors.js';
import type { FaceAnalysis } from '../vision/types.js';
import type { PhotoResult, PhotoResults } from './analyse-photo.js';
import { isMatch, type Probe } from './decide.js';
import type { DuplicatePair } from './find-duplicates.js';

/** The model pack behind the embeddings. */
export interface ModelIdentity {
  readonly pack: string;
  /** SHA-256 of each model file, hex. */
  readonly detector: string;
  readonly recogniser: string;
}

/** Decimals of a similarity in a response: finer steps would only help hill-climbing attacks. */
const SIMILARITY_DIGITS = 4;

/** Warnings that do not affect the calibration: the selected face and its pixels are like any others. */
const CALIBRATED_WARNINGS: ReadonlySet<string> = new Set(['several_faces', 'repaired_file']);

export interface EvidenceInput {
  readonly threshold: number;
  /** False match rate of one comparison at `threshold`, for photos within the conditions of the calibration. */
  readonly fmr: number | undefined;
  readonly minMatches: 2 | 3;
  readonly model: ModelIdentity;
  /** Empty if the fronts were not compared. */
  readonly probes: Readonly<Partial<Record<FrontImage, Probe>>>;
  readonly photos: Readonly<Record<ImageName, PhotoResult>>;
  readonly duplicates: readonly DuplicatePair[];
}

/** Returns the basis of a decision, or of there being none: similarities and geometry, but neither pixels nor embeddings. */
export function createEvidence(input: EvidenceInput): Evidence {
  const images = describeImages(input);
  const isCompared = Object.values(input.probes).some(({ usable }) => usable);
  const fmr = isCompared && isCalibrated(images) ? input.fmr : undefined;
  return {
    threshold: input.threshold,
    ...(fmr === undefined ? {} : { fmr }),
    min_matches: input.minMatches,
    matches: Object.values(images).filter(({ status }) => status === 'matched').length,
    model: { ...input.model },
    images,
    // Duplicates are not independent evidence, so the k-of-n rule is weaker than it looks.
    warnings: input.duplicates.length > 0 ? ['duplicate_images'] : [],
    timings_ms: sumTimings(input.photos),
  };
}

/** Returns the warnings of all known photos, in the order of the contract. */
export function listWarnings(photos: PhotoResults, duplicates: readonly DuplicatePair[]): Warning[] {
  return IMAGE_NAMES.flatMap((image) =>
    warningsOf(image, { photos, duplicates }).map((code) => ({ image, code })),
  );
}

function warningsOf(
  name: ImageName,
  { photos, duplicates }: { readonly photos: PhotoResults; readonly duplicates: readonly DuplicatePair[] },
): string[] {
  const copies = duplicates
    .filter(({ first, second }) => first === name || second === name)
    .map(({ first, second, kind }) => `${kind}_to_${first === name ? second : first}`);
  const photo = photos[name];
  return photo?.usable ? [...copies, ...photo.analysis.warnings] : copies;
}

/** False if a compared photo is unlike those of the calibration, or a duplicate of another. */
function isCalibrated(images: Evidence['images']): boolean {
  return Object.values(images).every(({ warnings }) =>
    warnings.every((code) => CALIBRATED_WARNINGS.has(code)),
  );
}

function describeImages(input: EvidenceInput): Evidence['images'] {
  const image = (name: ImageName): ImageEvidence => describeImage(name, input);
  return {
    front_image1: image('front_image1'),
    front_image2: image('front_image2'),
    front_image3: image('front_image3'),
    back_image: image('back_image'),
  };
}

function describeImage(name: ImageName, input: EvidenceInput): ImageEvidence {
  const photo = input.photos[name];
  const warnings = warningsOf(name, input);
  if (!photo.usable) return { status: 'unusable', ...publicFactsOf(photo.error), warnings };
  const { analysis } = photo;
  const known = {
    face: describeFace(analysis),
    faces_found: analysis.facesFound,
    warnings,
  };
  if (name === 'back_image') return { status: 'usable', ...known };
  const probe = input.probes[name];
  if (!probe) return { status: 'usable', ...known };
  if (!probe.usable) throw new Error('this is a bug: a usable photo has no similarity');
  const status = isMatch(probe.similarity, input.threshold) ? 'matched' : 'not_matched';
  return { status, similarity: round(probe.similarity, SIMILARITY_DIGITS), ...known };
}

function describeFace({ face, quality }: FaceAnalysis): FaceEvidence {
  const { x, y, width, height } = face.box;
  return {
    box: { x: round(x), y: round(y), width: round(width), height: round(height) },
    landmarks: Array.from({ length: 5 }, (_, index): [number, number] => [
      round(face.landmarks[index * 2] ?? 0),
      round(face.landmarks[index * 2 + 1] ?? 0),
    ]),
    detection_score: round(face.score, 4),
    width_px: Math.round(width),
    quality: {
      score: round(quality.score, 3),
      sharpness: round(quality.sharpness),
      brightness: round(quality.brightness),
      yaw_deg: round(quality.yawDeg),
      pitch_deg: round(quality.pitchDeg),
      roll_deg: round(quality.rollDeg),
    },
  };
}

/** Adds up each step over the known photos. They run in parallel, so the sum is work rather than elapsed time. */
export function sumTimings(photos: PhotoResults): Record<string, number> {
  const totals: Record<string, number> = {};
  const add = (step: string, ms: number): void => {
    totals[step] = round((totals[step] ?? 0) + ms);
  };
  for (const name of IMAGE_NAMES) {
    const photo = photos[name];
    if (!photo?.usable) continue;
    add('fetch', photo.fetchMs);
    for (const [step, ms] of Object.entries(photo.analysis.timingsMs)) add(step, ms);
  }
  return totals;
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
