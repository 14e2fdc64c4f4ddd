import { ALIGNED_POINTS } from '../face/align-face.js';
import { estimateSimilarity } from '../face/similarity-transform.js';
import type { FivePoints } from '../types.js';
import { SETTLED } from './face-detector.js';

/** A face as seen in one view. */
export interface Reading {
  readonly landmarks: FivePoints;
  /** True if this view alone is evidence enough of an upright face. */
  readonly isPlausible: boolean;
  /** 0..1, from the detector's second check. */
  readonly plausibility: number;
}

/** Returns how clearly a reading shows a person. Any unit: only readings of one photo are compared with each other. */
export type ClarityOf<R extends Reading> = (reading: R) => Promise<number>;

/** Cosine of the angle up to which two readings agree, and up to which a face counts as upright (45°). */
const SAME_TURN = Math.SQRT1_2;

/**
 * Factor by which an unsettled turned reading must be clearer than every other one, and by which any reading must be
 * clearer than an upright one to contradict it. Most photos are upright, and a covered mouth resembles upside-down eyes.
 * docs/accuracy.md has the figures.
 */
const CLEAR_LEAD = 1.1;

/** True if no reading whose face is turned by more than 45° against this one contradicts it. */
export async function isClearest<R extends Reading>(
  reading: R,
  readings: readonly R[],
  clarityOf: ClarityOf<R>,
): Promise<boolean> {
  for (const other of readings) {
    if (turnsAlike(reading, other)) continue;
    if ((await clarityOf(reading)) * allowanceFor(reading) < (await clarityOf(other))) return false;
  }
  return true;
}

/** Returns how many times as clear as this reading another one can be without contradicting it. */
function allowanceFor({ landmarks, plausibility }: Reading): number {
  if (cosineBetween(landmarks, ALIGNED_POINTS) >= SAME_TURN) return CLEAR_LEAD;
  return plausibility >= SETTLED ? 1 : 1 / CLEAR_LEAD;
}

/**
 * Returns the most plausible of the readings that agree with the clearest one, or undefined if none of them is plausible.
 * Detectors also place steady points on masks and cropped faces in turned views, so plausibilities of different turns
 * cannot be compared.
 */
export async function clearestReading<R extends Reading>(
  readings: readonly R[],
  clarityOf: ClarityOf<R>,
): Promise<R | undefined> {
  for (const reading of readings.toSorted((one, other) => other.plausibility - one.plausibility)) {
    if (!reading.isPlausible) continue;
    const agreeing = readings.filter((other) => turnsAlike(reading, other));
    for (const other of agreeing) {
      if (await isClearest(other, readings, clarityOf)) return reading;
    }
  }
  return undefined;
}

function turnsAlike(one: Reading, other: Reading): boolean {
  return cosineBetween(one.landmarks, other.landmarks) >= SAME_TURN;
}

/** Returns the cosine of the angle between the orientations of two sets of points. */
function cosineBetween(one: FivePoints, other: FivePoints): number {
  const { a, b } = estimateSimilarity(one, other);
  return a / Math.hypot(a, b);
}
