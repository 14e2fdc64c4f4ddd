/** A scored pair of a cross-validation protocol. `similarity` undefined: a photo of the pair could not be used. */
export interface FoldedPair {
  readonly fold: number;
  readonly mated: boolean;
  readonly similarity: number | undefined;
}

/** Result of a cross-validation: the share of correctly decided pairs, by fold. */
export interface CrossValidation {
  readonly meanAccuracy: number;
  /** Standard deviation over the folds (n − 1) divided by the root of their number. */
  readonly standardError: number;
  readonly folds: readonly { readonly fold: number; readonly threshold: number; readonly accuracy: number }[];
}

/**
 * Returns the mean share of correctly decided pairs. Each fold is judged at the threshold that is best on all the others,
 * as the View 2 protocol of Labeled Faces in the Wild requires. A pair without a score counts as wrong.
 * @throws Error with fewer than two folds.
 * @see Huang et al., Labeled Faces in the Wild, UMass technical report 07-49, 2007
 */
export function crossValidate(pairs: readonly FoldedPair[]): CrossValidation {
  const numbers = [...new Set(pairs.map(({ fold }) => fold))].sort((left, right) => left - right);
  if (numbers.length < 2) throw new Error('this is a bug: cross-validation needs two folds');
  const folds = numbers.map((fold) => {
    const threshold = findBestThreshold(pairs.filter((pair) => pair.fold !== fold));
    const judged = pairs.filter((pair) => pair.fold === fold);
    return { fold, threshold, accuracy: judged.filter(isRightAt(threshold)).length / judged.length };
  });
  const meanAccuracy = folds.reduce((sum, { accuracy }) => sum + accuracy, 0) / folds.length;
  const squares = folds.reduce((sum, { accuracy }) => sum + (accuracy - meanAccuracy) ** 2, 0);
  return { meanAccuracy, standardError: Math.sqrt(squares / (folds.length - 1) / folds.length), folds };
}

/**
 * Returns the threshold with the most correctly decided pairs: the middle of the first best gap between neighbouring
 * similarities. Pairs without a score do not count.
 */
export function findBestThreshold(pairs: readonly FoldedPair[]): number {
  const scored = pairs.flatMap(({ mated, similarity }) =>
    similarity === undefined ? [] : [{ mated, similarity }],
  );
  scored.sort((left, right) => left.similarity - right.similarity);
  let right = scored.filter(({ mated }) => mated).length;
  let best = { right, threshold: -1 };
  for (const [index, { mated, similarity }] of scored.entries()) {
    right += mated ? -1 : 1;
    const next = scored[index + 1]?.similarity ?? 1;
    if (next > similarity && right > best.right) best = { right, threshold: (similarity + next) / 2 };
  }
  return best.threshold;
}

function isRightAt(threshold: number): (pair: FoldedPair) => boolean {
  return ({ mated, similarity }) => similarity !== undefined && similarity >= threshold === mated;
}
