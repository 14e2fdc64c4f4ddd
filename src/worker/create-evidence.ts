import {
  type Evidence,
  type FaceEvidence,
  type FrontImage,
  IMAGE_NAMES,
  type ImageEvidence,
  type ImageName,
} from '../shared/contract.js';
import { publicFactsOf } from '../shared/errors.js';
import { isMatch, type Probe } from './decide.js';
import type { DuplicatePair } from './find-duplicates.js';
import type { Judged } from './judged-photo.js';
import type { FaceAnalysis } from './vision/types.js';

/** The model pack behind the embeddings. */
export interface ModelIdentity {
  readonly pack: string;
  /** SHA-256 of each model file, hex. */
  readonly detector: string;
  readonly recogniser: string;
}

export interface EvidenceInput {
  readonly threshold: number;
  readonly fmr?: number;
  readonly minMatches: 2 | 3;
  readonly matches: number;
  readonly model: ModelIdentity;
  readonly probes: Readonly<Record<FrontImage, Probe>>;
  readonly judged: Readonly<Record<ImageName, Judged>>;
  readonly duplicates: readonly DuplicatePair[];
}

/** Returns what a decision rests on: similarities and geometry, no pixels and no embeddings. */
export function createEvidence(input: EvidenceInput): Evidence {
  const image = (name: ImageName): ImageEvidence => describeImage(name, input);
  return {
    threshold: input.threshold,
    ...(input.fmr === undefined ? {} : { fmr: input.fmr }),
    min_matches: input.minMatches,
    matches: input.matches,
    model: { ...input.model },
    images: {
      front_image1: image('front_image1'),
      front_image2: image('front_image2'),
      front_image3: image('front_image3'),
      back_image: image('back_image'),
    },
    // Photos that are one photo are no independent witnesses: the k-of-n rule means less than it says.
    warnings: input.duplicates.length > 0 ? ['duplicate_images'] : [],
    timings_ms: sumTimings(input.judged),
  };
}

function describeImage(name: ImageName, input: EvidenceInput): ImageEvidence {
  const photo = input.judged[name];
  const warnings = input.duplicates
    .filter(({ first, second }) => first === name || second === name)
    .map(({ first, second, kind }) => `${kind}_to_${first === name ? second : first}`);
  if (!photo.usable) {
    const { detail: _detail, ...why } = publicFactsOf(photo.error);
    return { status: 'unusable', ...why, warnings };
  }
  const { analysis } = photo;
  const known = {
    face: describeFace(analysis),
    faces_found: analysis.facesFound,
    warnings: [...warnings, ...analysis.warnings],
  };
  if (name === 'back_image') return { status: 'usable', ...known };
  const probe = input.probes[name];
  if (!probe.usable) throw new Error('this is a bug: a usable photo gave no similarity');
  const { similarity } = probe;
  return { status: isMatch(similarity, input.threshold) ? 'matched' : 'not_matched', similarity, ...known };
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

/** Adds up each step over the four photos; they run side by side, so the sum is work, not waiting. */
function sumTimings(judged: Readonly<Record<ImageName, Judged>>): Record<string, number> {
  const totals: Record<string, number> = {};
  const add = (step: string, ms: number): void => {
    totals[step] = round((totals[step] ?? 0) + ms);
  };
  for (const name of IMAGE_NAMES) {
    const photo = judged[name];
    if (!photo.usable) continue;
    add('fetch', photo.fetchMs);
    for (const [step, ms] of Object.entries(photo.analysis.timingsMs)) add(step, ms);
  }
  return totals;
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
