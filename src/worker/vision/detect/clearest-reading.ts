import { ALIGNED_POINTS } from '../face/align-face.js';
import { estimateSimilarity } from '../face/similarity-transform.js';
import type { FivePoints } from '../types.js';
import { SETTLED } from './face-detector.js';

/** A face as one view reads it. */
export interface Reading {
  readonly landmarks: FivePoints;
  /** Whether the view's own evidence suffices to take it for an upright face there. */
  readonly isPlausible: boolean;
  /** 0..1, from the detector's second thought. */
  readonly plausibility: number;
}

/** Returns how much of a person a reading shows. In any unit: readings of one photo are compared with each other. */
export type ClarityOf<R extends Reading> = (reading: R) => Promise<number>;

/** Cosine of the angle up to which two readings say the same (45°), and up to which a face counts as upright. */
const SAME_TURN = Math.SQRT1_2;

/**
 * How much clearer an unsettled turned reading must be than every other one, and anything else than an upright one to
 * deny it: most photos are upright, and a covered mouth looks a little like eyes upside down. docs/accuracy.md has the
 * figures.
 */
const CLEAR_LEAD = 1.1;

/** Whether nothing that turns the face by more than 45° against a reading denies it. Alone it is clearest. */
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

/** How many times as clear as a reading another one may be without denying it. */
function allowanceFor({ landmarks, plausibility }: Reading): number {
  if (cosineBetween(landmarks, ALIGNED_POINTS) >= SAME_TURN) return CLEAR_LEAD;
  return plausibility >= SETTLED ? 1 : 1 / CLEAR_LEAD;
}

/**
 * Returns the most plausible of the readings that agree with the clearest one, or undefined when none is plausible.
 * Detectors draw steady points into masks and cut faces in turned views too, so the plausibilities of different turns
 * say nothing against each other.
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

/** Cosine of the angle by which one set of points is turned against another. */
function cosineBetween(one: FivePoints, other: FivePoints): number {
  const { a, b } = estimateSimilarity(one, other);
  return a / Math.hypot(a, b);
}
