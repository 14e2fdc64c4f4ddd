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

/** All comparisons of an evaluation. */
export interface EvaluationPlan {
  readonly source: 'pairs' | 'folders' | 'lfw';
  /** Folder that the photos' names are relative to. */
  readonly root: string;
  /** Names relative to `root`, with forward slashes. */
  readonly photos: readonly string[];
  readonly pairs: readonly PhotoPair[];
  readonly verifications: readonly PlannedVerification[];
  readonly persons: number;
  /** Notes for readers of the report about how this plan was made, in whole sentences. */
  readonly notes: readonly string[];
}

/** Limits on the numbers drawn from a large set. */
export interface PlanLimits {
  readonly maxMated: number;
  readonly maxNonMated: number;
  /** Of each kind. */
  readonly maxVerifications: number;
  /** Seed for random draws: the same photos and seed give the same plan. */
  readonly seed: number;
}
