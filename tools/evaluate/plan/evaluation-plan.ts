/** Two photos of an evaluation, by their place in its list. */
export interface PhotoPair {
  readonly probe: number;
  readonly reference: number;
  /** Whether both show one person. */
  readonly mated: boolean;
  /** Part of a cross-validation protocol. */
  readonly fold?: number;
}

/** One attempt as the service gets it: three photos of one person against a reference. */
export interface PlannedVerification {
  readonly reference: number;
  readonly probes: readonly [number, number, number];
  /** Whether the reference shows the person of the probes. */
  readonly mated: boolean;
}

/** Everything an evaluation compares. */
export interface EvaluationPlan {
  readonly source: 'pairs' | 'folders' | 'lfw';
  /** Folder that the photos' names are relative to. */
  readonly root: string;
  /** Names relative to `root`, with forward slashes. */
  readonly photos: readonly string[];
  readonly pairs: readonly PhotoPair[];
  readonly verifications: readonly PlannedVerification[];
  readonly persons: number;
  /** What a reader of the report must know of how this was put together, in whole sentences. */
  readonly notes: readonly string[];
}

/** Upper limits of what is drawn from a large set. */
export interface PlanLimits {
  readonly maxMated: number;
  readonly maxNonMated: number;
  /** Of each kind. */
  readonly maxVerifications: number;
  /** Seed of every draw: the same photos and seed give the same plan. */
  readonly seed: number;
}
