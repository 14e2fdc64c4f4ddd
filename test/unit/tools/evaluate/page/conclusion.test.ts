import { describe, expect, it } from 'vitest';
import { createState } from '../../../../../tools/evaluate/measure/evaluation-state.js';
import { measure } from '../../../../../tools/evaluate/measure/measure.js';
import { describeConclusion, listMainFigures } from '../../../../../tools/evaluate/page/conclusion.js';
import type { EvaluationReport } from '../../../../../tools/evaluate/results/report.js';
import { planOf } from '../support.js';

function reportOf(pairs: readonly string[], similarities: readonly number[]): EvaluationReport {
  const plan = planOf('abcd', [...pairs], ['a:bcd+']);
  const state = {
    ...createState(plan),
    similarities: Float64Array.from(similarities),
    verifications: [[0.8, 0.7, 0.2] as const],
  };
  const now = new Date('2026-11-24T12:00:00Z');
  return measure(plan, state, { datasetName: 'test', source: 'pairs', model: undefined, threshold: 0.5, now })
    .report;
}

describe('describeConclusion', () => {
  it('counts the errors of both kinds at the threshold in use', () => {
    const report = reportOf(['ab+', 'ac+', 'ad-', 'bd-'], [0.8, 0.4, 0.6, 0.1]);

    expect(describeConclusion(report)).toBe(
      'At threshold 0.5, 1 of 2 non-mated pairs match (FMR 50 %), and 1 of 2 mated pairs do not match (FNMR 50 %).',
    );
  });

  it('takes no error for no more than few trials can show', () => {
    const report = reportOf(['ab+', 'ac+', 'ad-', 'bd-'], [0.8, 0.7, 0.2, 0.1]);

    expect(describeConclusion(report)).toBe(
      'At threshold 0.5, none of 2 non-mated pairs matches (FMR at most 100 %), and all 2 mated pairs match (FNMR at most 100 %).',
    );
  });

  it('says what was not measured', () => {
    expect(describeConclusion(reportOf(['ab+'], [0.8]))).toContain('no non-mated pair was measured');
  });
});

describe('listMainFigures', () => {
  it('has both rates, the failures and the rules that were tried', () => {
    const names = listMainFigures(reportOf(['ab+', 'ad-'], [0.8, 0.2])).map(([name]) => name);

    expect(names).toEqual([
      'FMR at 0.5',
      'FNMR at 0.5',
      'Failure to acquire',
      'Equal error rate',
      '2 of 3, non-mated but matched',
      '2 of 3, mated but not matched',
      '3 of 3, non-mated but matched',
      '3 of 3, mated but not matched',
    ]);
  });
});
