import { formatRate } from '../../../src/cli/local/format-rate.js';
import type { EvaluationReport, GroupFigures, MeasuredRate, RuleOutcome } from '../results/report.js';
import { ruleOfThree } from '../statistics/binomial-interval.js';
import { formatCount, formatMeasured } from './format-rate.js';

/** Returns what the figures say about the threshold in use, in one sentence. */
export function describeConclusion({ atThreshold: { fmr, fnmr }, threshold }: EvaluationReport): string {
  return `At threshold ${threshold}, ${describeFalseMatches(fmr)}, and ${describeFalseNonMatches(fnmr)}.`;
}

/** Returns the figures that a terminal shows: name and value. */
export function listMainFigures(report: EvaluationReport): readonly (readonly [string, string])[] {
  const { atThreshold, threshold, acquisition, equalErrorRate } = report;
  return [
    [`FMR at ${threshold}`, formatMeasured(atThreshold.fmr)],
    [`FNMR at ${threshold}`, formatMeasured(atThreshold.fnmr)],
    ['Failure to acquire', formatMeasured(acquisition)],
    [
      'Equal error rate',
      equalErrorRate
        ? `${formatRate(equalErrorRate.rate)} at ${equalErrorRate.threshold.toFixed(3)}`
        : 'not measured',
    ],
    ...report.rules.flatMap(listRuleFigures),
    ...(report.groups?.each ?? []).flatMap(listGroupFigures),
  ];
}

function listGroupFigures({ name, at, acquisition, tooSmall }: GroupFigures) {
  const [inUse] = at;
  if (!inUse) return [];
  const small = tooSmall.length > 0 ? `too small: ${tooSmall.join(', ')}; ` : '';
  const figures = [
    `FMR ${formatMeasured(inUse.fmr)}`,
    `FNMR ${formatMeasured(inUse.fnmr)}`,
    `failure to acquire ${formatMeasured(acquisition)}`,
  ];
  return [[`Group ${name}`, `${small}${figures.join(', ')}`]] as const;
}

function listRuleFigures({ minMatches, falseMatches, falseNonMatches }: RuleOutcome) {
  if (falseMatches.rate === null && falseNonMatches.rate === null) return [];
  return [
    [`${minMatches} of 3, non-mated but matched`, formatMeasured(falseMatches)],
    [`${minMatches} of 3, mated but not matched`, formatMeasured(falseNonMatches)],
  ] as const;
}

function describeFalseMatches({ errors, trials, rate }: MeasuredRate): string {
  if (rate === null) return 'no non-mated pair was measured';
  const pairs = `${formatCount(trials)} non-mated pairs`;
  return errors === 0
    ? `none of ${pairs} matches (FMR at most ${formatRate(ruleOfThree(trials))})`
    : `${formatCount(errors)} of ${pairs} match (FMR ${formatRate(rate)})`;
}

function describeFalseNonMatches({ errors, trials, rate }: MeasuredRate): string {
  if (rate === null) return 'no mated pair was measured';
  const pairs = `${formatCount(trials)} mated pairs`;
  return errors === 0
    ? `all ${pairs} match (FNMR at most ${formatRate(ruleOfThree(trials))})`
    : `${formatCount(errors)} of ${pairs} do not match (FNMR ${formatRate(rate)})`;
}
