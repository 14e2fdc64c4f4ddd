import type { ScoreSample } from './score-sample.js';

/**
 * Returns the share of (mated, non-mated) combinations in which the mated pair has the higher similarity, ties counting
 * half: the area under the ROC curve, 0..1. NaN if either kind is missing. Time: one pass over both lists.
 * @see Mann and Whitney 1947
 */
export function areaUnderRoc({ mated, nonMated }: ScoreSample): number {
  let wins = 0;
  let lower = 0;
  for (const [index, score] of mated.values.entries()) {
    while (lower < nonMated.values.length && nonMated.values[lower]! < score) lower += 1;
    const below = nonMated.below[lower]!;
    const notAbove = nonMated.values[lower] === score ? nonMated.below[lower + 1]! : below;
    wins += (mated.below[index + 1]! - mated.below[index]!) * ((below + notAbove) / 2);
  }
  return wins / (mated.total * nonMated.total);
}
