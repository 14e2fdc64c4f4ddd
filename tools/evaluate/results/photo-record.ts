import type { ErrorCode } from '../../../src/shared/errors.js';
import { ERROR_CODES } from '../../../src/shared/errors.js';
import type { Box, FaceAnalysis, FaceQuality } from '../../../src/worker/vision/types.js';

/** State of a file when it was read. If it changes, its results are outdated. */
export interface FileStamp {
  readonly bytes: number;
  /** Last modification, whole ms since 1970. */
  readonly modifiedMs: number;
}

/** The stored facts about a face. Never its embedding, which is biometric data. */
export interface FoundFace {
  /** Pixels of the upright photo. */
  readonly box: Box;
  /** Of the detector, 0..1. */
  readonly detectionScore: number;
  readonly facesFound: number;
  readonly quality: FaceQuality;
  /** SHA-256 of the file, hex. */
  readonly contentDigest: string;
}

/** The result for one photo: its face, or why it cannot be compared. */
export type PhotoRecord = FileStamp &
  (
    | { readonly usable: true; readonly face: FoundFace }
    | { readonly usable: false; readonly code: ErrorCode }
  );

/** Columns of photos.csv. */
export const PHOTO_COLUMNS = [
  ...[
    'file',
    'bytes',
    'modified_ms',
    'outcome',
    'x',
    'y',
    'width',
    'height',
    'detection_score',
    'faces_found',
  ],
  'quality',
  'sharpness',
  'brightness',
  'yaw_deg',
  'pitch_deg',
  'roll_deg',
  'content_digest',
] as const;

/** Returns the record of an analysis. */
export function keepFace({ face, quality, facesFound, contentDigest }: FaceAnalysis): FoundFace {
  return { box: face.box, detectionScore: face.score, facesFound, quality, contentDigest };
}

/** Returns the cells of a row of photos.csv. */
export function toPhotoRow(name: string, record: PhotoRecord): readonly (string | number)[] {
  const start = [name, record.bytes, record.modifiedMs];
  if (!record.usable) return [...start, record.code, ...Array<string>(PHOTO_COLUMNS.length - 4).fill('')];
  const { box, detectionScore, facesFound, quality, contentDigest } = record.face;
  return [
    ...start,
    'ok',
    round(box.x, 1),
    round(box.y, 1),
    round(box.width, 1),
    round(box.height, 1),
    round(detectionScore, 4),
    facesFound,
    round(quality.score, 4),
    round(quality.sharpness, 2),
    round(quality.brightness, 1),
    round(quality.yawDeg, 1),
    round(quality.pitchDeg, 1),
    round(quality.rollDeg, 1),
    contentDigest,
  ];
}

/** Returns the name and record of a row of photos.csv, or undefined if toPhotoRow did not write it. */
export function fromPhotoRow(
  row: readonly string[],
): { readonly name: string; readonly record: PhotoRecord } | undefined {
  const [name, bytes, modified, outcome] = row;
  if (!name || row.length !== PHOTO_COLUMNS.length) return undefined;
  const stamp = { bytes: Number(bytes), modifiedMs: Number(modified) };
  const code = ERROR_CODES.find((known) => known === outcome);
  if (code) return { name, record: { ...stamp, usable: false, code } };
  const numbers = row.slice(4, -1).map(Number);
  const digest = row.at(-1);
  if (outcome !== 'ok' || !digest || numbers.some(Number.isNaN)) return undefined;
  return { name, record: { ...stamp, usable: true, face: readFace(numbers, digest) } };
}

function readFace(numbers: readonly number[], contentDigest: string): FoundFace {
  const [x = 0, y = 0, width = 0, height = 0, detectionScore = 0, facesFound = 0, ...rest] = numbers;
  const [score = 0, sharpness = 0, brightness = 0, yawDeg = 0, pitchDeg = 0, rollDeg = 0] = rest;
  return {
    box: { x, y, width, height },
    detectionScore,
    facesFound,
    contentDigest,
    quality: { score, sharpness, brightness, yawDeg, pitchDeg, rollDeg },
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
