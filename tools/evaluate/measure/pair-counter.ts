import type { EvaluationPlan, PhotoPair } from '../plan/evaluation-plan.js';
import { NO_GROUP, type PhotoGroups } from '../plan/read-groups.js';
import type { NotablePair } from '../results/report.js';
import type { ScoreSample } from '../statistics/score-sample.js';
import { createTally, type ScoreTally } from '../statistics/score-tally.js';
import type { EvaluationState } from './evaluation-state.js';

/** Hardest pairs of each kind in the report. */
const WORST_PAIRS = 12;

/** What the scores of all pairs amount to. */
export interface PairCounts {
  readonly sample: ScoreSample;
  /** Pairs of two identical files, which count for nothing else. */
  readonly identical: number;
  /** The pairs between two groups or within one, by the groups' indices, the lower first. */
  readonly groups: readonly { readonly pair: readonly [number, number]; readonly sample: ScoreSample }[];
  /** Mated pairs with the lowest and non-mated pairs with the highest similarity, hardest first. */
  readonly worst: { readonly mated: readonly NotablePair[]; readonly nonMated: readonly NotablePair[] };
}

/** Counts the pairs of a plan one by one. Memory does not depend on their number. */
export interface PairCounter {
  add(pair: Omit<PhotoPair, 'fold'>, similarity: number): void;
  counts(): PairCounts;
}

export interface CounterOptions {
  /** The threshold in use, at which counting is exact. */
  readonly threshold: number;
  readonly groups: PhotoGroups | undefined;
}

/** Returns a counter. `records` must be complete before the first pair is added. */
export function createPairCounter(
  { photos }: EvaluationPlan,
  { records }: Pick<EvaluationState, 'records'>,
  { threshold, groups }: CounterOptions,
): PairCounter {
  const tallies = createTallies(threshold);
  const grouped = createGroupTallies(groups, threshold);
  const worst = { mated: createHardest(1), nonMated: createHardest(-1) };
  const contentOf = numberContents(records);
  let identical = 0;
  const withNames = ({ probe, reference, similarity }: HardPair): NotablePair => ({
    probe: photos[probe] ?? '',
    reference: photos[reference] ?? '',
    similarity,
  });
  return {
    add: ({ probe, reference, mated }, similarity) => {
      if (contentOf[probe] !== NO_CONTENT && contentOf[probe] === contentOf[reference]) {
        identical += 1;
        return;
      }
      const kind = mated ? 'mated' : 'nonMated';
      tallies[kind].add(similarity);
      grouped.of(probe, reference)?.[kind].add(similarity);
      worst[kind].offer(probe, reference, similarity);
    },
    counts: () => ({
      sample: sampleOf(tallies),
      identical,
      groups: grouped.list(),
      worst: { mated: worst.mated.list().map(withNames), nonMated: worst.nonMated.list().map(withNames) },
    }),
  };
}

interface Tallies {
  readonly mated: ScoreTally;
  readonly nonMated: ScoreTally;
}

function createTallies(threshold: number): Tallies {
  return { mated: createTally(threshold), nonMated: createTally(threshold) };
}

function sampleOf({ mated, nonMated }: Tallies): ScoreSample {
  return { mated: mated.scores(), nonMated: nonMated.scores() };
}

/** Keeps tallies for every two groups that have pairs. */
function createGroupTallies(groups: PhotoGroups | undefined, threshold: number) {
  const size = groups?.names.length ?? 0;
  const tallies: (Tallies | undefined)[] = Array.from({ length: size * size }, () => undefined);
  return {
    of: (probe: number, reference: number): Tallies | undefined => {
      if (!groups) return undefined;
      const [one, other] = [groups.groupOf[probe]!, groups.groupOf[reference]!];
      if (one === NO_GROUP || other === NO_GROUP) return undefined;
      const index = Math.min(one, other) * size + Math.max(one, other);
      tallies[index] ??= createTallies(threshold);
      return tallies[index];
    },
    list: (): PairCounts['groups'] =>
      tallies.flatMap((each, index) =>
        each ? [{ pair: [Math.floor(index / size), index % size] as const, sample: sampleOf(each) }] : [],
      ),
  };
}

const NO_CONTENT = 0;

/** Returns a number for each photo that only photos with the same bytes share. */
function numberContents(records: EvaluationState['records']): Uint32Array {
  const numbers = new Map<string, number>();
  return Uint32Array.from(records, (record) => {
    if (!record?.usable) return NO_CONTENT;
    const { contentDigest } = record.face;
    const number = numbers.get(contentDigest) ?? numbers.size + 1;
    numbers.set(contentDigest, number);
    return number;
  });
}

interface HardPair {
  readonly probe: number;
  readonly reference: number;
  readonly similarity: number;
}

/** Keeps the pairs with the lowest `sign` × similarity; of equal ones, those that came first. */
function createHardest(sign: 1 | -1) {
  const kept: HardPair[] = [];
  let limit = Number.POSITIVE_INFINITY;
  return {
    offer: (probe: number, reference: number, similarity: number): void => {
      if (sign * similarity >= limit) return;
      const place = kept.findIndex((pair) => sign * pair.similarity > sign * similarity);
      kept.splice(place < 0 ? kept.length : place, 0, { probe, reference, similarity });
      if (kept.length > WORST_PAIRS) kept.pop();
      if (kept.length === WORST_PAIRS) limit = sign * kept[WORST_PAIRS - 1]!.similarity;
    },
    list: (): readonly HardPair[] => kept,
  };
}
