import type { EvaluationPlan } from '../plan/evaluation-plan.js';
import type { PhotoGroups } from '../plan/read-groups.js';
import type { GroupFigures, GroupRates, GroupReport, OperatingPoint } from '../results/report.js';
import { createScores, type ScoreSample } from '../statistics/score-sample.js';
import type { EvaluationState } from './evaluation-state.js';
import { measureAt, rateWithInterval } from './measure-rates.js';
import type { PairCounts } from './pair-counter.js';

/**
 * Fewer make a group too small. A rate of 1 % (FNMR, failure to acquire) or 1e-4 (FMR) shows from 3 / rate trials on, and the
 * pairs of a few persons are too dependent on one another for an interval to mean much.
 */
const LEAST = { persons: 30, photos: 300, 'mated pairs': 300, 'non-mated pairs': 30_000 } as const;

const NO_PAIRS: ScoreSample = { mated: createScores([]), nonMated: createScores([]) };

export interface GroupOptions {
  readonly groups: PhotoGroups;
  readonly counts: PairCounts;
  /** The threshold in use, 0..1. */
  readonly threshold: number;
  readonly operatingPoints: readonly OperatingPoint[];
}

/** Returns the error rates of each group and between every two groups, at thresholds that are the same for all. */
export function measureGroups(
  plan: EvaluationPlan,
  state: EvaluationState,
  { groups, counts, threshold, operatingPoints }: GroupOptions,
): GroupReport {
  const thresholds = [
    { threshold, fmr: null },
    ...operatingPoints.flatMap((point) =>
      point.measurable ? [{ threshold: point.threshold, fmr: point.fmr }] : [],
    ),
  ];
  const sampleOf = (one: number, other: number): ScoreSample =>
    counts.groups.find(({ pair }) => pair[0] === one && pair[1] === other)?.sample ?? NO_PAIRS;
  const ratesOf = (sample: ScoreSample): readonly GroupRates[] =>
    thresholds.map(({ threshold }) => ({ threshold, ...measureAt(sample, threshold) }));
  return {
    notes: groups.notes,
    thresholds,
    each: groups.names.map((name, group): GroupFigures => {
      const sample = sampleOf(group, group);
      const photos = [...groups.groupOf.keys()].filter((photo) => groups.groupOf[photo] === group);
      const persons = new Set(photos.map((photo) => plan.personOf[photo])).size;
      const records = photos.flatMap((photo) => state.records[photo] ?? []);
      const errors = records.filter((record) => !record.usable).length;
      return {
        ...{ name, persons, photos: photos.length },
        acquisition: rateWithInterval({ errors, trials: records.length }),
        at: ratesOf(sample),
        tooSmall: listShortages({
          persons,
          photos: photos.length,
          'mated pairs': sample.mated.total,
          'non-mated pairs': sample.nonMated.total,
        }),
      };
    }),
    between: groups.names.flatMap((name, one) =>
      groups.names.slice(one + 1).map((other, index) => {
        const sample = sampleOf(one, one + 1 + index);
        return {
          groups: [name, other] as const,
          at: ratesOf(sample),
          tooSmall: listShortages({ 'non-mated pairs': sample.nonMated.total }),
        };
      }),
    ),
  };
}

/** Returns the numbers that are too small, such as `12 persons (30 required)`. */
function listShortages(numbers: Partial<Record<keyof typeof LEAST, number>>): readonly string[] {
  return (Object.keys(LEAST) as (keyof typeof LEAST)[]).flatMap((name) => {
    const count = numbers[name];
    if (count === undefined || count >= LEAST[name]) return [];
    return [`${count} ${name} (${LEAST[name].toLocaleString('en')} required)`];
  });
}
