import type { ModelDescription } from '../../open-vision.js';
import type { EvaluationPlan, PhotoPair } from '../plan/evaluation-plan.js';
import type { EvaluationReport, NotablePair } from '../results/report.js';
import { areaUnderRoc } from '../statistics/area-under-roc.js';
import { findEqualErrorRate, traceErrorCurve } from '../statistics/error-curve.js';
import { createScoreSample, type ScoreSample } from '../statistics/score-sample.js';
import { crossValidate, type FoldedPair } from '../statistics/ten-fold.js';
import type { EvaluationState } from './evaluation-state.js';
import { measureAt, measureOperatingPoint, quartilesOf, rateWithInterval } from './measure-rates.js';
import { measureRules } from './measure-rules.js';

/** False match rates for which the report gives thresholds. */
const TARGET_RATES = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as const;

/** Hardest pairs of each kind in the report. */
const WORST_PAIRS = 12;

export interface MeasureOptions {
  readonly datasetName: string;
  readonly source: EvaluationReport['dataset']['source'];
  readonly model: ModelDescription | undefined;
  /** Threshold in use, 0..1. */
  readonly threshold: number;
  /** Time of the report. */
  readonly now: Date;
}

/** The results of an evaluation and the underlying scores. */
export interface Measurement {
  readonly report: EvaluationReport;
  readonly sample: ScoreSample;
  /** Quality scores of the faces, ascending. */
  readonly qualities: Float64Array;
}

interface ScoredPair extends PhotoPair {
  readonly similarity: number;
}

/** Returns all figures for the known scores of a plan. */
export function measure(plan: EvaluationPlan, state: EvaluationState, options: MeasureOptions): Measurement {
  const scored = listScored(plan, state);
  const counted = scored.filter((pair) => !isIdentical(pair, state));
  const mated = counted.filter((pair) => pair.mated);
  const nonMated = counted.filter((pair) => !pair.mated);
  const sample = createScoreSample(mated.map(similarityOf), nonMated.map(similarityOf));
  const faces = state.records.flatMap((record) => (record?.usable ? [record.face] : []));
  const qualities = Float64Array.from(faces, ({ quality }) => quality.score).sort();
  const matedPlanned = plan.pairs.filter((pair) => pair.mated).length;
  const report: EvaluationReport = {
    version: 1,
    createdAt: options.now.toISOString(),
    dataset: {
      name: options.datasetName,
      source: options.source,
      notes: plan.notes,
      photos: plan.photos.length,
      persons: plan.persons,
    },
    model: options.model,
    pairs: {
      mated: matedPlanned,
      nonMated: plan.pairs.length - matedPlanned,
      matedScored: mated.length,
      nonMatedScored: nonMated.length,
      identical: scored.length - counted.length,
    },
    acquisition: measureAcquisition(plan, state),
    ...measureOverlap(sample),
    threshold: options.threshold,
    atThreshold: measureAt(sample, options.threshold),
    operatingPoints: TARGET_RATES.map((fmr) => measureOperatingPoint(sample, fmr)),
    rules: measureRules(plan, state, options.threshold),
    lfw: plan.source === 'lfw' ? crossValidate(listFolded(plan, state)) : undefined,
    similarity: { mated: quartilesOf(sample.mated), nonMated: quartilesOf(sample.nonMated) },
    quality: quartilesOf(qualities),
    worst: {
      mated: listWorst(mated, 'lowest', sample.mated[WORST_PAIRS - 1] ?? 1).map(withNames(plan)),
      nonMated: listWorst(nonMated, 'highest', sample.nonMated.at(-WORST_PAIRS) ?? -1).map(withNames(plan)),
    },
  };
  return { report, sample, qualities };
}

/** Returns the figures that need both kinds of pairs. */
function measureOverlap(sample: ScoreSample): Pick<EvaluationReport, 'auc' | 'equalErrorRate'> {
  if (sample.mated.length === 0 || sample.nonMated.length === 0) return { auc: null, equalErrorRate: null };
  return { auc: areaUnderRoc(sample), equalErrorRate: findEqualErrorRate(traceErrorCurve(sample)) };
}

function measureAcquisition(
  { photos }: EvaluationPlan,
  { records }: EvaluationState,
): EvaluationReport['acquisition'] {
  const failures = records.flatMap((record, photo) =>
    record && !record.usable ? [{ photo: photos[photo] ?? '', code: record.code }] : [],
  );
  const trials = records.filter((record) => record !== undefined).length;
  return { ...rateWithInterval({ errors: failures.length, trials }), failures };
}

function listScored(plan: EvaluationPlan, state: EvaluationState): readonly ScoredPair[] {
  return plan.pairs.flatMap((pair, index) => {
    const similarity = similarityAt(state, index);
    return similarity === undefined ? [] : [{ ...pair, similarity }];
  });
}

function listFolded(plan: EvaluationPlan, state: EvaluationState): readonly FoldedPair[] {
  return plan.pairs.map(({ fold = 0, mated }, index) => ({
    fold,
    mated,
    similarity: similarityAt(state, index),
  }));
}

function similarityAt({ similarities }: EvaluationState, pair: number): number | undefined {
  const similarity = similarities[pair];
  return Number.isNaN(similarity) ? undefined : similarity;
}

function isIdentical({ probe, reference }: PhotoPair, { records }: EvaluationState): boolean {
  const [one, other] = [records[probe], records[reference]];
  return (
    one?.usable === true && other?.usable === true && one.face.contentDigest === other.face.contentDigest
  );
}

/** Returns the hardest pairs, the hardest first. Sorts only those up to `limit`: there can be millions of others. */
function listWorst(
  pairs: readonly ScoredPair[],
  end: 'lowest' | 'highest',
  limit: number,
): readonly ScoredPair[] {
  const sign = end === 'lowest' ? 1 : -1;
  return pairs
    .filter(({ similarity }) => sign * similarity <= sign * limit)
    .sort((left, right) => sign * (left.similarity - right.similarity))
    .slice(0, WORST_PAIRS);
}

const similarityOf = ({ similarity }: ScoredPair): number => similarity;

function withNames({ photos }: EvaluationPlan): (pair: ScoredPair) => NotablePair {
  return ({ probe, reference, similarity }) => ({
    probe: photos[probe] ?? '',
    reference: photos[reference] ?? '',
    similarity,
  });
}
