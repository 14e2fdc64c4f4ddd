import type { ErrorCode } from '../../../src/shared/errors.js';
import type { ModelDescription } from '../../open-vision.js';
import type { Interval } from '../statistics/binomial-interval.js';
import type { VerificationCount } from '../statistics/k-of-n.js';
import type { CrossValidation } from '../statistics/ten-fold.js';

/** An error rate with what it rests on. `interval`: 95 %, exact binomial, for independent trials. */
export interface MeasuredRate {
  readonly errors: number;
  readonly trials: number;
  /** errors / trials; null without trials. */
  readonly rate: number | null;
  readonly interval: Interval;
}

/** A false match rate asked for, and the threshold that keeps to it, when there are enough pairs to tell. */
export type OperatingPoint =
  | {
      readonly fmr: number;
      readonly measurable: true;
      /** Lowest threshold that keeps to it, rounded up to four digits. */
      readonly threshold: number;
      readonly measured: { readonly fmr: MeasuredRate; readonly fnmr: MeasuredRate };
    }
  | {
      readonly fmr: number;
      readonly measurable: false;
      /** Non-mated pairs that it would take. */
      readonly pairsNeeded: number;
    };

/** Outcomes of real attempts of three probes under the service's rule. */
export interface RuleOutcome {
  readonly minMatches: 2 | 3;
  readonly mated: VerificationCount;
  /** Mated attempts not matched, of those decided. */
  readonly falseNonMatches: MeasuredRate;
  readonly nonMated: VerificationCount;
  /** Non-mated attempts matched, of those decided. */
  readonly falseMatches: MeasuredRate;
}

/** Five values that divide a list into quarters. */
export type Quartiles = readonly [number, number, number, number, number];

/** A pair at the wrong end of its kind. */
export interface NotablePair {
  readonly probe: string;
  readonly reference: string;
  readonly similarity: number;
}

/** Everything that an evaluation found: the content of report.json. */
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
  /** Absent for scores that came from elsewhere. */
  readonly model: ModelDescription | undefined;
  readonly pairs: {
    readonly mated: number;
    readonly nonMated: number;
    readonly matedScored: number;
    readonly nonMatedScored: number;
    /** Pairs of two files with the same bytes, left out: comparing a photo with itself says nothing. */
    readonly identical: number;
  };
  readonly acquisition: MeasuredRate & {
    readonly failures: readonly { readonly photo: string; readonly code: ErrorCode }[];
  };
  /** Area under the ROC curve, 0..1; null when a kind of pair is missing. */
  readonly auc: number | null;
  readonly equalErrorRate: { readonly rate: number; readonly threshold: number } | null;
  /** The threshold in use. */
  readonly threshold: number;
  readonly atThreshold: { readonly fmr: MeasuredRate; readonly fnmr: MeasuredRate };
  readonly operatingPoints: readonly OperatingPoint[];
  readonly rules: readonly RuleOutcome[];
  readonly lfw: CrossValidation | undefined;
  readonly similarity: { readonly mated: Quartiles | null; readonly nonMated: Quartiles | null };
  readonly quality: Quartiles | null;
  /** Mated pairs of the lowest and non-mated pairs of the highest similarity, the worst first. */
  readonly worst: { readonly mated: readonly NotablePair[]; readonly nonMated: readonly NotablePair[] };
}
