/** Two photos of an evaluation, by index. */
export interface PhotoPair {
  readonly probe: number;
  readonly reference: number;
  /** True if both show the same person. */
  readonly mated: boolean;
  /** Fold of a cross-validation protocol. */
  readonly fold?: number;
}

/** One attempt as in a request: three photos of one person against a reference. */
export interface PlannedVerification {
  readonly reference: number;
  readonly probes: readonly [number, number, number];
  /** True if the reference shows the same person as the probes. */
  readonly mated: boolean;
}

/** The numbers of pairs of every two photos. Two photos of one person are mated. */
export interface AllPairs {
  readonly mated: number;
  readonly nonMated: number;
}

/** All comparisons of an evaluation. */
export interface EvaluationPlan {
  readonly source: 'pairs' | 'folders' | 'lfw';
  /** Folder that the photos' names are relative to. */
  readonly root: string;
  /** Names relative to `root`, with forward slashes. */
  readonly photos: readonly string[];
  /** The pairs with a score each; none if the plan counts all pairs. */
  readonly pairs: readonly PhotoPair[];
  /** Present if every two photos are a pair and there are too many to list. */
  readonly allPairs?: AllPairs;
  readonly verifications: readonly PlannedVerification[];
  readonly persons: number;
  /** Person of each photo: the same number for the photos of one person. */
  readonly personOf: Uint32Array;
  /** Notes for readers of the report about how this plan was made, in whole sentences. */
  readonly notes: readonly string[];
}

/** Limits on the numbers listed or drawn from a large set. */
export interface PlanLimits {
  /** Pairs of a folder to list. If it has more, all are counted without a row each. */
  readonly maxListed: number;
  /** Of each kind. */
  readonly maxVerifications: number;
  /** Seed for random draws: the same photos and seed give the same plan. */
  readonly seed: number;
}

/** Returns the numbers of planned pairs of each kind. */
export function countPlanned({ pairs, allPairs }: EvaluationPlan): { mated: number; nonMated: number } {
  if (allPairs) return { mated: allPairs.mated, nonMated: allPairs.nonMated };
  const mated = pairs.filter((pair) => pair.mated).length;
  return { mated, nonMated: pairs.length - mated };
}
