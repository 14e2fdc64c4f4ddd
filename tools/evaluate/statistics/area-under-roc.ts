import type { ScoreSample } from './score-sample.js';

/**
 * Returns the share of (mated, non-mated) combinations in which the mated pair has the higher similarity, ties counting
 * half: the area under the ROC curve, 0..1. NaN if either kind is missing. Time: one pass over both lists.
 * @see Mann and Whitney 1947
 */
export function areaUnderRoc({ mated, nonMated }: ScoreSample): number {
  let wins = 0;
  let below = 0;
  let notAbove = 0;
  for (const score of mated) {
    while (below < nonMated.length && nonMated[below]! < score) below += 1;
    while (notAbove < nonMated.length && nonMated[notAbove]! <= score) notAbove += 1;
    wins += (below + notAbove) / 2;
  }
  return wins / (mated.length * nonMated.length);
}
