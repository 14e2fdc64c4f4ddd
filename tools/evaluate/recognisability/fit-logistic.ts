/** A step is cheap compared with the one decomposition. */
const MAX_STEPS = 400;
const CONVERGED = 1e-4;

/** What a logistic model is to learn, one value for each row. */
interface LogisticTargets {
  /** 0..1; a value between counts as partly 0 and partly 1. */
  readonly targets: readonly number[];
  /** How often each row counts. Absent: once. */
  readonly counts?: readonly number[];
}

/**
 * Returns the weights of a logistic model with a ridge penalty of 1 on all but the last. `rows`: one for each example;
 * the last column is 1, for the bias.
 * @see Böhning and Lindsay, Monotonicity of quadratic-approximation algorithms, 1988: the curvature is at most a quarter
 *   of the rows' products, so that one decomposition serves all steps.
 */
export function fitLogistic(
  rows: readonly Float64Array[],
  { targets, counts = rows.map(() => 1) }: LogisticTargets,
): Float64Array {
  const size = rows[0]?.length ?? 0;
  const weights = new Float64Array(size);
  const lower = decompose(boundCurvature(rows, counts));
  for (let step = 0; step < MAX_STEPS; step++) {
    const change = solve(lower, slopeAt(weights, rows, { targets, counts }));
    for (let i = 0; i < size; i++) weights[i]! += change[i]!;
    if (change.every((value) => Math.abs(value) < CONVERGED)) break;
  }
  return weights;
}

const ridgeOf = (index: number, size: number): number => (index === size - 1 ? 1e-6 : 1);

/** Lower half of a quarter of the rows' products, plus the ridge. */
function boundCurvature(rows: readonly Float64Array[], counts: readonly number[]): readonly Float64Array[] {
  const size = rows[0]?.length ?? 0;
  const lower = Array.from({ length: size }, (_, index) => {
    const line = new Float64Array(index + 1);
    line[index] = ridgeOf(index, size);
    return line;
  });
  for (const [index, row] of rows.entries()) {
    for (let i = 0; i < size; i++) {
      const line = lower[i]!;
      const quarter = (row[i]! * counts[index]!) / 4;
      for (let j = 0; j <= i; j++) line[j]! += quarter * row[j]!;
    }
  }
  return lower;
}

function slopeAt(
  weights: Float64Array,
  rows: readonly Float64Array[],
  { targets, counts }: Required<LogisticTargets>,
): Float64Array {
  const slope = weights.map((weight, index) => -ridgeOf(index, weights.length) * weight);
  for (const [index, row] of rows.entries()) {
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += row[i]! * weights[i]!;
    const difference = counts[index]! * (targets[index]! - 1 / (1 + Math.exp(-sum)));
    for (let i = 0; i < row.length; i++) slope[i]! += difference * row[i]!;
  }
  return slope;
}

/** Turns the lower half of a symmetric positive matrix into its Cholesky factor, in place. */
function decompose(lower: readonly Float64Array[]): readonly Float64Array[] {
  for (const [i, row] of lower.entries()) {
    for (let j = 0; j <= i; j++) {
      const other = lower[j]!;
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      row[j] = i === j ? Math.sqrt(sum) : sum / other[j]!;
    }
  }
  return lower;
}

/** Solves L Lᵀ x = right. */
function solve(lower: readonly Float64Array[], right: Float64Array): Float64Array {
  const solution = Float64Array.from(right);
  for (let i = 0; i < solution.length; i++) {
    for (let k = 0; k < i; k++) solution[i]! -= lower[i]![k]! * solution[k]!;
    solution[i]! /= lower[i]![i]!;
  }
  for (let i = solution.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < solution.length; k++) solution[i]! -= lower[k]![i]! * solution[k]!;
    solution[i]! /= lower[i]![i]!;
  }
  return solution;
}
