import type { ModelDescription } from '../../../src/cli/local/open-vision.js';
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { Interval } from '../statistics/binomial-interval.js';
import type { VerificationCount } from '../statistics/k-of-n.js';
import type { CrossValidation } from '../statistics/ten-fold.js';

/** An error rate with its counts. `interval`: 95 %, exact binomial, for independent trials. */
export interface MeasuredRate {
  readonly errors: number;
  readonly trials: number;
  /** errors / trials; null without trials. */
  readonly rate: number | null;
  readonly interval: Interval;
}

/** A target false match rate and its threshold, if there are enough pairs to measure it. */
export type OperatingPoint =
  | {
      readonly fmr: number;
      readonly measurable: true;
      /** Lowest threshold with at most this rate, rounded up to four decimals. */
      readonly threshold: number;
      readonly measured: { readonly fmr: MeasuredRate; readonly fnmr: MeasuredRate };
    }
  | {
      readonly fmr: number;
      readonly measurable: false;
      /** Non-mated pairs required. */
      readonly pairsNeeded: number;
    };

/** Outcomes of real attempts with three probes under the service's rule. */
export interface RuleOutcome {
  readonly minMatches: 2 | 3;
  readonly mated: VerificationCount;
  /** Mated attempts not matched, of those decided. */
  readonly falseNonMatches: MeasuredRate;
  readonly nonMated: VerificationCount;
  /** Non-mated attempts matched, of those decided. */
  readonly falseMatches: MeasuredRate;
}

/** Minimum, three quartiles and maximum. */
export type Quartiles = readonly [number, number, number, number, number];

/** One of the hardest pairs of its kind. */
export interface NotablePair {
  readonly probe: string;
  readonly reference: string;
  readonly similarity: number;
}

/** Both error rates at one threshold. */
export interface GroupRates {
  readonly threshold: number;
  readonly fmr: MeasuredRate;
  readonly fnmr: MeasuredRate;
}

/** Error rates of one group. FMR: of pairs within the group. */
export interface GroupFigures {
  readonly name: string;
  readonly persons: number;
  readonly photos: number;
  readonly acquisition: MeasuredRate;
  /** In the order of the report's thresholds. */
  readonly at: readonly GroupRates[];
  /** What the group has too few of to be judged, such as `12 persons (30 required)`. Empty if it is large enough. */
  readonly tooSmall: readonly string[];
}

/** Error rates of groups of people, at thresholds that are the same for all. */
export interface GroupReport {
  readonly notes: readonly string[];
  /** The threshold in use (`fmr` null), then those of the measurable false match rates over all pairs. */
  readonly thresholds: readonly { readonly threshold: number; readonly fmr: number | null }[];
  readonly each: readonly GroupFigures[];
  /** Every two groups: pairs of a photo of one and a photo of the other. */
  readonly between: readonly {
    readonly groups: readonly [string, string];
    readonly at: readonly GroupRates[];
    readonly tooSmall: readonly string[];
  }[];
}

/** All results of an evaluation: the content of report.json. */
export interface EvaluationReport {
  readonly version: 1;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly dataset: {
    readonly name: string;
    readonly source: 'pairs' | 'folders' | 'lfw' | 'scores';
    readonly photos: number;
    readonly persons: number;
    readonly notes: readonly string[];
  };
  /** Absent for scores from another program. */
  readonly model: ModelDescription | undefined;
  readonly pairs: {
    readonly mated: number;
    readonly nonMated: number;
    readonly matedScored: number;
    readonly nonMatedScored: number;
    /** Pairs of two identical files. They are left out: comparing a photo with itself is meaningless. */
    readonly identical: number;
  };
  readonly acquisition: MeasuredRate & {
    readonly failures: readonly { readonly photo: string; readonly code: ErrorCode }[];
  };
  /** Area under the ROC curve, 0..1; null if a kind of pair is missing. */
  readonly auc: number | null;
  readonly equalErrorRate: { readonly rate: number; readonly threshold: number } | null;
  /** The threshold in use. */
  readonly threshold: number;
  readonly atThreshold: { readonly fmr: MeasuredRate; readonly fnmr: MeasuredRate };
  readonly operatingPoints: readonly OperatingPoint[];
  readonly rules: readonly RuleOutcome[];
  readonly lfw: CrossValidation | undefined;
  /** Present if groups were given. */
  readonly groups: GroupReport | undefined;
  readonly similarity: { readonly mated: Quartiles | null; readonly nonMated: Quartiles | null };
  readonly quality: Quartiles | null;
  /** Mated pairs with the lowest and non-mated pairs with the highest similarity, hardest first. */
  readonly worst: { readonly mated: readonly NotablePair[]; readonly nonMated: readonly NotablePair[] };
}
