/** Similarities of labelled pairs, each list in ascending order. */
export interface ScoreSample {
  readonly mated: Float64Array;
  readonly nonMated: Float64Array;
}

/**
 * Returns a sample of the given similarities, copied and sorted.
 * @throws Error if one of them is not a number: a broken score must never affect an error rate.
 */
export function createScoreSample(mated: Iterable<number>, nonMated: Iterable<number>): ScoreSample {
  const sorted = (scores: Iterable<number>): Float64Array => {
    const copy = Float64Array.from(scores);
    if (copy.some(Number.isNaN)) throw new Error('this is a bug: a similarity is not a number');
    return copy.sort();
  };
  return { mated: sorted(mated), nonMated: sorted(nonMated) };
}

/** Returns how many of the ascending `scores` are below `threshold`, in logarithmic time. */
export function countBelow(scores: Float64Array, threshold: number): number {
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (scores[middle]! < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}
