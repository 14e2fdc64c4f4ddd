import { describe, expect, it } from 'vitest';
import { calibrationSchema } from '../../../../../src/shared/models/model-manifest.js';
import { createState } from '../../../../../tools/evaluate/measure/evaluation-state.js';
import { type MeasureOptions, measure } from '../../../../../tools/evaluate/measure/measure.js';
import { measureOperatingPoint } from '../../../../../tools/evaluate/measure/measure-rates.js';
import type { EvaluationPlan } from '../../../../../tools/evaluate/plan/evaluation-plan.js';
import { createCalibration } from '../../../../../tools/evaluate/results/calibration-block.js';
import { createScoreSample, faceOf, planOf } from '../support.js';

const OPTIONS: MeasureOptions = {
  ...{ datasetName: 'test', model: undefined, threshold: 0.5 },
  source: 'pairs',
  now: new Date('2026-11-24T12:00:00Z'),
};
const STAMP = { bytes: 1, modifiedMs: 1 };

/** A plan of as many pairs as there are scores, mated ones first, and its state. */
function scored(mated: readonly number[], nonMated: readonly number[]) {
  const count = mated.length + nonMated.length;
  const plan: EvaluationPlan = {
    ...planOf('', []),
    photos: Array.from({ length: count * 2 }, (_, photo) => `${photo}.jpg`),
    pairs: Array.from({ length: count }, (_, pair) => ({
      ...{ probe: pair * 2, reference: pair * 2 + 1, mated: pair < mated.length },
    })),
  };
  return { plan, state: { ...createState(plan), similarities: Float64Array.of(...mated, ...nonMated) } };
}

describe('measure', () => {
  it('counts both errors at the threshold in use', () => {
    const { plan, state } = scored([0.9, 0.5, 0.4], [0.5, 0.1, 0.2, 0.3]);

    const { atThreshold, pairs, auc } = measure(plan, state, OPTIONS).report;

    expect(atThreshold.fnmr).toMatchObject({ errors: 1, trials: 3, rate: 1 / 3 });
    expect(atThreshold.fmr).toMatchObject({ errors: 1, trials: 4, rate: 0.25 });
    expect(pairs).toMatchObject({ mated: 3, nonMated: 4, matedScored: 3, nonMatedScored: 4, identical: 0 });
    expect(auc).toBeCloseTo(10.5 / 12, 12);
  });

  it('leaves out pairs of identical files and counts them', () => {
    const { plan, state } = scored([1, 0.7], [0.1]);
    state.records[0] = { ...STAMP, usable: true, face: faceOf('same') };
    state.records[1] = { ...STAMP, usable: true, face: faceOf('same') };

    const { pairs, worst } = measure(plan, state, OPTIONS).report;

    expect(pairs).toMatchObject({ matedScored: 1, identical: 1 });
    expect(worst.mated.map(({ similarity }) => similarity)).toEqual([0.7]);
  });

  it('counts photos without a usable face as failures to acquire, not as non-matches', () => {
    const { plan, state } = scored([0.9, Number.NaN], [0.1]);
    state.records[0] = { ...STAMP, usable: true, face: faceOf('x') };
    state.records[2] = { ...STAMP, usable: false, code: 'face_not_found' };

    const { acquisition, atThreshold } = measure(plan, state, OPTIONS).report;

    expect(acquisition).toMatchObject({ errors: 1, trials: 2, rate: 0.5 });
    expect(acquisition.failures).toEqual([{ photo: '2.jpg', code: 'face_not_found' }]);
    expect(atThreshold.fnmr).toMatchObject({ errors: 0, trials: 1 });
  });

  it('lists the hardest pairs of each kind, the hardest first', () => {
    const { plan, state } = scored(
      Array.from({ length: 20 }, (_, index) => 0.9 - index / 100),
      Array.from({ length: 20 }, (_, index) => index / 100),
    );

    const { mated, nonMated } = measure(plan, state, OPTIONS).report.worst;

    expect(mated.map(({ similarity }) => similarity)).toEqual(
      Array.from({ length: 12 }, (_, index) => 0.9 - (19 - index) / 100),
    );
    expect(nonMated.map(({ similarity }) => similarity)).toEqual(
      Array.from({ length: 12 }, (_, index) => (19 - index) / 100),
    );
    expect(nonMated[0]).toMatchObject({ probe: '78.jpg', reference: '79.jpg' });
  });

  it('measures whole verifications by the rule of the service', () => {
    const plan = planOf('abcdef', [], ['a:bcd+', 'b:acd+', 'e:bcd-']);
    const state = {
      ...createState(plan),
      verifications: [
        [0.9, 0.8, 0.1],
        [0.9, 0.2, 0.1],
        [0.6, 0.6, 0.2],
      ] as [number, number, number][],
    };

    const [two, three] = measure(plan, state, OPTIONS).report.rules;

    expect(two?.falseNonMatches).toMatchObject({ errors: 1, trials: 2 });
    expect(two?.falseMatches).toMatchObject({ errors: 1, trials: 1 });
    expect(three?.falseNonMatches).toMatchObject({ errors: 2, trials: 2 });
    expect(three?.falseMatches).toMatchObject({ errors: 0, trials: 1 });
  });

  it('counts no attempt whose reference could not be used', () => {
    const plan = planOf('abcd', [], ['a:bcd+']);
    const state = { ...createState(plan), verifications: [[Number.NaN, Number.NaN, Number.NaN] as const] };
    state.records[0] = { ...STAMP, usable: false, code: 'face_not_found' };

    expect(measure(plan, state, OPTIONS).report.rules[0]?.mated).toEqual({
      ...{ matched: 0, notMatched: 0, undecided: 0 },
    });
  });

  it('follows the protocol of LFW only for LFW', () => {
    const { plan, state } = scored([0.9, 0.8], [0.1, 0.2]);
    const folds = plan.pairs.map((pair, index) => ({ ...pair, fold: 1 + (index % 2) }));

    expect(measure(plan, state, OPTIONS).report.lfw).toBeUndefined();
    expect(measure({ ...plan, source: 'lfw', pairs: folds }, state, OPTIONS).report.lfw).toMatchObject({
      ...{ meanAccuracy: 1, standardError: 0 },
    });
  });

  it('gives no figures without scores', () => {
    const { plan, state } = scored([], []);

    const { auc, equalErrorRate, atThreshold, quality } = measure(plan, state, OPTIONS).report;

    expect([auc, equalErrorRate, quality, atThreshold.fmr.rate]).toEqual([null, null, null, null]);
  });
});

describe('measureOperatingPoint', () => {
  const evenly = (count: number) =>
    createScoreSample(
      [0.95, 0.999],
      Array.from({ length: count }, (_, index) => index / count),
    );

  it('gives no threshold for a rate that too few pairs can measure', () => {
    expect(measureOperatingPoint(evenly(299), 0.01)).toEqual({
      ...{ fmr: 0.01, measurable: false, pairsNeeded: 300 },
    });
  });

  it('gives the threshold for the rate, rounded up, and both error rates there', () => {
    const point = measureOperatingPoint(evenly(300), 0.01);

    // Of 0, 1/300, … 299/300 the three highest may match: 0.99 and above.
    expect(point).toMatchObject({ measurable: true, threshold: 0.9867 });
    expect(point.measurable && point.measured.fmr.errors).toBe(3);
    expect(point.measurable && point.measured.fnmr).toMatchObject({ errors: 1, trials: 2 });
  });

  it('rounds up past a pair exactly on a step', () => {
    const sample = createScoreSample([], [...new Array<number>(299).fill(0.336), ...[0.5, 0.6, 0.7]]);

    const point = measureOperatingPoint(sample, 0.01);

    expect(point).toMatchObject({ measurable: true, threshold: 0.3361 });
  });
});

describe('createCalibration', () => {
  it('is a block that the schema of manifests accepts', () => {
    const { plan, state } = scored(
      [0.9, 0.7],
      Array.from({ length: 400 }, (_, index) => index / 1_000),
    );

    const calibration = createCalibration(measure(plan, state, OPTIONS).report);

    expect(calibrationSchema.parse(calibration)).toEqual({
      ...{ dataset: 'test', non_mated_pairs: 400, mated_pairs: 2, date: '2026-11-24' },
      source: 'measured with npm run evaluate',
      points: [{ fmr: 0.01, threshold: 0.3951, fnmr: 0 }],
    });
  });

  it('is refused if no rate is measurable', () => {
    const { plan, state } = scored([0.9], [0.1]);

    expect(() => createCalibration(measure(plan, state, OPTIONS).report)).toThrow('too few');
  });
});
