import type { ModelDescription } from '../../../src/cli/local/open-vision.js';
import { countPlanned, type EvaluationPlan } from '../plan/evaluation-plan.js';
import type { PhotoGroups } from '../plan/read-groups.js';
import type { EvaluationReport } from '../results/report.js';
import { areaUnderRoc } from '../statistics/area-under-roc.js';
import { findEqualErrorRate, traceErrorCurve } from '../statistics/error-curve.js';
import { createScores, type ScoreSample, type Scores } from '../statistics/score-sample.js';
import { crossValidate, type FoldedPair } from '../statistics/ten-fold.js';
import type { EvaluationState } from './evaluation-state.js';
import { measureGroups } from './measure-groups.js';
import { measureAt, measureOperatingPoint, quartilesOf, rateWithInterval } from './measure-rates.js';
import { measureRules } from './measure-rules.js';
import { type CounterOptions, createPairCounter, type PairCounts } from './pair-counter.js';

/** False match rates for which the report gives thresholds. */
const TARGET_RATES = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as const;

export interface MeasureOptions {
  readonly datasetName: string;
  readonly source: EvaluationReport['dataset']['source'];
  readonly model: ModelDescription | undefined;
  /** Threshold in use, 0..1. */
  readonly threshold: number;
  /** Time of the report. */
  readonly now: Date;
  readonly groups?: PhotoGroups | undefined;
  /** Required if the plan counts all pairs instead of listing them. */
  readonly counts?: PairCounts;
}

/** The results of an evaluation and the underlying scores. */
export interface Measurement {
  readonly report: EvaluationReport;
  readonly sample: ScoreSample;
  /** Quality scores of the faces. */
  readonly qualities: Scores;
}

/** Returns all figures for the known scores of a plan. */
export function measure(plan: EvaluationPlan, state: EvaluationState, options: MeasureOptions): Measurement {
  const { threshold, groups } = options;
  const counts = options.counts ?? countListed(plan, state, { threshold, groups });
  const operatingPoints = TARGET_RATES.map((fmr) => measureOperatingPoint(counts.sample, fmr));
  const { sample, identical, worst } = counts;
  const faces = state.records.flatMap((record) => (record?.usable ? [record.face] : []));
  const qualities = createScores(faces.map(({ quality }) => quality.score));
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
      ...countPlanned(plan),
      matedScored: sample.mated.total,
      nonMatedScored: sample.nonMated.total,
      identical,
    },
    acquisition: measureAcquisition(plan, state),
    ...measureOverlap(sample),
    threshold,
    atThreshold: measureAt(sample, threshold),
    operatingPoints,
    rules: measureRules(plan, state, threshold),
    lfw: plan.source === 'lfw' ? crossValidate(listFolded(plan, state)) : undefined,
    groups: groups && measureGroups(plan, state, { groups, counts, threshold, operatingPoints }),
    similarity: { mated: quartilesOf(sample.mated), nonMated: quartilesOf(sample.nonMated) },
    quality: quartilesOf(qualities),
    worst,
  };
  return { report, sample, qualities };
}

/** Returns the figures that need both kinds of pairs. */
function measureOverlap(sample: ScoreSample): Pick<EvaluationReport, 'auc' | 'equalErrorRate'> {
  if (sample.mated.total === 0 || sample.nonMated.total === 0) return { auc: null, equalErrorRate: null };
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

function countListed(plan: EvaluationPlan, state: EvaluationState, options: CounterOptions): PairCounts {
  const counter = createPairCounter(plan, state, options);
  for (const [index, pair] of plan.pairs.entries()) {
    const similarity = similarityAt(state, index);
    if (similarity !== undefined) counter.add(pair, similarity);
  }
  return counter.counts();
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
