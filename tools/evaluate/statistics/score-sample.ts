/** Similarities of one kind of pair, or other scores: how often each value occurs. */
export interface Scores {
  /** The different values in ascending order. */
  readonly values: Float64Array;
  /** For each value, the number of lower scores; then, as a last entry, `total`. */
  readonly below: Float64Array;
  readonly total: number;
}

/** Similarities of labelled pairs. */
export interface ScoreSample {
  readonly mated: Scores;
  readonly nonMated: Scores;
}

/**
 * Returns the scores in a list. Time: that of sorting it.
 * @throws Error if one of them is not a number: a broken score must never affect an error rate.
 */
export function createScores(list: Iterable<number>): Scores {
  const counts = new Map<number, number>();
  for (const score of Float64Array.from(list).sort()) {
    if (Number.isNaN(score)) throw new Error('this is a bug: a similarity is not a number');
    counts.set(score, (counts.get(score) ?? 0) + 1);
  }
  return fromCounts([...counts]);
}

/** Returns the scores of which each value, in ascending order, occurs `count` times. */
export function fromCounts(counts: readonly (readonly [value: number, count: number])[]): Scores {
  const below = new Float64Array(counts.length + 1);
  for (const [index, [, count]] of counts.entries()) below[index + 1] = below[index]! + count;
  return {
    values: Float64Array.from(counts, ([value]) => value),
    below,
    total: below[counts.length]!,
  };
}

/** Returns how many scores are below `threshold`, in logarithmic time. */
export function countBelow({ values, below }: Scores, threshold: number): number {
  return below[firstIndex(values.length, (index) => values[index]! >= threshold)]!;
}

/** Returns the score at a position of the ascending list, counted from 0. Undefined outside it. */
export function scoreAt({ values, below }: Scores, position: number): number | undefined {
  return values[firstIndex(values.length, (index) => below[index + 1]! > position)];
}

/** Returns the first index of 0 … length − 1 from which `holds` is true, or `length`. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
