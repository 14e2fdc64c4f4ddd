import type { EvaluationPlan } from '../plan/evaluation-plan.js';
import type { PhotoRecord } from '../results/photo-record.js';

/** Similarities of the three probes of a verification; NaN where a photo could not be used. */
export type ProbeSimilarities = readonly [number, number, number];

/** Results so far. Its lists are parallel to the plan's. */
export interface EvaluationState {
  readonly records: (PhotoRecord | undefined)[];
  /** Similarity of each pair; NaN if it has none yet. */
  readonly similarities: Float64Array;
  readonly verifications: (ProbeSimilarities | undefined)[];
}

/** Returns the state without results. */
export function createState(plan: EvaluationPlan): EvaluationState {
  return {
    records: Array.from(plan.photos, () => undefined),
    similarities: new Float64Array(plan.pairs.length).fill(Number.NaN),
    verifications: Array.from(plan.verifications, () => undefined),
  };
}
