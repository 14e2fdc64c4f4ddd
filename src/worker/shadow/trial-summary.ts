import { SHADOW_RESULTS, type ShadowResult } from '../../shared/shadow/shadow-job.js';
import type { ShadowVerdict } from './judge-shadow.js';

/** Thresholds of the table, in twentieths: 0.3 to 0.7. */
const TWENTIETHS = [6, 7, 8, 9, 10, 11, 12, 13, 14] as const;

/** The two packs of a trial. */
export interface Trial {
  readonly live: string;
  readonly pack: string;
  /** SHADOW_THRESHOLD. */
  readonly threshold: number | undefined;
}

/** What a shadow worker has counted since its start, for people. */
export interface TrialSummary {
  add(verdict: ShadowVerdict): void;
  /** Returns the counts as a text of several lines. */
  describe(): string;
}

/** Returns an empty summary. `startedAt`: when the trial began. */
export function createTrialSummary(trial: Trial, startedAt: Date): TrialSummary {
  const pairs = new Map<string, number>();
  const reasons = new Map<string, number>();
  /** How many comparisons have a deciding similarity in each twentieth, by what the live pack found. */
  const deciding = new Map<ShadowResult, Map<number, number>>();

  return {
    add: (verdict) => {
      if (verdict.kind === 'not_compared') return count(reasons, verdict.reason);
      const { live, shadow } = verdict;
      count(pairs, `${live} → ${shadow}`);
      if (verdict.deciding === undefined) return;
      const steps = deciding.get(live) ?? new Map<number, number>();
      deciding.set(live, steps);
      count(steps, Math.floor(verdict.deciding * 20));
    },
    describe: () => {
      const agreeing = SHADOW_RESULTS.map((result) => `${result} → ${result}`);
      const changes = [...pairs].filter(([pair]) => !agreeing.includes(pair)).toSorted(byCount);
      const threshold = trial.threshold === undefined ? '' : `, SHADOW_THRESHOLD ${trial.threshold}`;
      return [
        `live ${trial.live}, shadow ${trial.pack}${threshold}, since ${startedAt.toISOString()}`,
        `Of ${total(pairs)} comparisons ${sum(changes.map(([, times]) => times))} would change.`,
        ...changes.map(([pair, times]) => `  ${String(times).padStart(6)}  ${pair}`),
        `${total(reasons)} could not be compared.`,
        ...[...reasons]
          .toSorted(byCount)
          .map(([reason, times]) => `  ${String(times).padStart(6)}  ${reason}`),
        'With another threshold of the shadow, of the comparisons whose three fronts it has judged:',
        '  threshold  matched → not_matched  not_matched → matched',
        ...TWENTIETHS.map((step) => {
          const refused = describeShare(deciding.get('matched'), (own) => own < step);
          const accepted = describeShare(deciding.get('not_matched'), (own) => own >= step);
          return `  ${(step / 20).toFixed(2).padEnd(9)}  ${refused.padEnd(21)}  ${accepted}`;
        }),
        '',
      ].join('\n');
    },
  };
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** `3 of 120` */
function describeShare(
  steps: ReadonlyMap<number, number> = new Map(),
  isChange: (step: number) => boolean,
): string {
  const changed = [...steps].filter(([step]) => isChange(step)).map(([, times]) => times);
  return `${sum(changed)} of ${total(steps)}`;
}

const total = (counts: ReadonlyMap<unknown, number>): number => sum([...counts.values()]);
const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
const byCount = ([, one]: [string, number], [, other]: [string, number]): number => other - one;
