import { fromCounts, type Scores } from './score-sample.js';

/** Steps of a tally from 0 to 1. Thresholds of reports have the same steps. */
export const TALLY_STEPS = 10_000;

/** Counts similarities without keeping them: a hundred million need no more memory than a thousand. */
export interface ScoreTally {
  /** @throws Error if `similarity` is not a number from −1 to 1. */
  add(similarity: number): void;
  /** Returns the similarities so far, each rounded down to its step, or to `threshold` if that lies in between. */
  scores(): Scores;
}

/**
 * Returns a tally in steps of 1 / TALLY_STEPS. Counting at `threshold` and at every multiple of a step is exact.
 */
export function createTally(threshold: number): ScoreTally {
  const counts = new Float64Array(2 * TALLY_STEPS + 1);
  const border = stepOf(threshold);
  const splits = threshold !== border / TALLY_STEPS;
  let beyond = 0;
  return {
    add: (similarity) => {
      const step = stepOf(similarity);
      const index = step + TALLY_STEPS;
      if (!(index >= 0 && index < counts.length))
        throw new Error('this is a bug: a similarity is not a number from -1 to 1');
      if (splits && step === border && similarity >= threshold) beyond += 1;
      else counts[index]! += 1;
    },
    scores: () => {
      const filled: (readonly [number, number])[] = [];
      for (const [index, count] of counts.entries()) {
        const step = index - TALLY_STEPS;
        if (count > 0) filled.push([step / TALLY_STEPS, count]);
        if (step === border && beyond > 0) filled.push([threshold, beyond]);
      }
      return fromCounts(filled);
    },
  };
}

/** Returns the largest whole `step` with step / TALLY_STEPS ≤ value. The product alone can round to either side. */
function stepOf(value: number): number {
  const step = Math.floor(value * TALLY_STEPS);
  if ((step + 1) / TALLY_STEPS <= value) return step + 1;
  return step / TALLY_STEPS > value ? step - 1 : step;
}
