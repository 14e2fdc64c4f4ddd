import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areaUnderRoc } from '../../../../../tools/evaluate/statistics/area-under-roc.js';
import {
  findEqualErrorRate,
  thinCurve,
  traceErrorCurve,
} from '../../../../../tools/evaluate/statistics/error-curve.js';
import {
  countFalseMatches,
  countFalseNonMatches,
  rateOf,
} from '../../../../../tools/evaluate/statistics/error-rates.js';
import { createScoreSample } from '../support.js';

const scores = fc.array(
  fc.integer({ min: -6, max: 6 }).map((value) => value / 6),
  { minLength: 1, maxLength: 30 },
);

describe('areaUnderRoc', () => {
  it('is 1 without overlap, 0 in reversed order, and a half for equal kinds', () => {
    expect(areaUnderRoc(createScoreSample([0.6, 0.7], [0.1, 0.5]))).toBe(1);
    expect(areaUnderRoc(createScoreSample([0.1], [0.2, 0.3]))).toBe(0);
    expect(areaUnderRoc(createScoreSample([0.3, 0.3], [0.3]))).toBe(0.5);
  });

  it('is the share of combinations won, ties counting half', () => {
    fc.assert(
      fc.property(scores, scores, (mated, nonMated) => {
        let wins = 0;
        for (const left of mated) for (const right of nonMated) wins += (Math.sign(left - right) + 1) / 2;

        expect(areaUnderRoc(createScoreSample(mated, nonMated))).toBeCloseTo(
          wins / mated.length / nonMated.length,
          12,
        );
      }),
    );
  });

  it('equals the area below the traced curve', () => {
    fc.assert(
      fc.property(scores, scores, (mated, nonMated) => {
        const sample = createScoreSample(mated, nonMated);
        const points = [...traceErrorCurve(sample)];

        const area = points.slice(1).reduce((sum, point, index) => {
          const before = points[index] ?? point;
          return sum + ((before.fmr - point.fmr) * (2 - before.fnmr - point.fnmr)) / 2;
        }, 0);

        expect(area).toBeCloseTo(areaUnderRoc(sample), 12);
      }),
    );
  });
});

describe('traceErrorCurve', () => {
  it('covers every different similarity, from all matching to none', () => {
    const points = [...traceErrorCurve(createScoreSample([0.5, 0.9], [0.1, 0.5, 0.5, 0.2]))];

    expect(points).toEqual([
      { threshold: 0.1, fmr: 1, fnmr: 0 },
      { threshold: 0.2, fmr: 0.75, fnmr: 0 },
      { threshold: 0.5, fmr: 0.5, fnmr: 0 },
      { threshold: 0.9, fmr: 0, fnmr: 0.5 },
      { threshold: Number.POSITIVE_INFINITY, fmr: 0, fnmr: 1 },
    ]);
  });

  it('gives at each point the rates that counting at its threshold gives', () => {
    fc.assert(
      fc.property(scores, scores, (mated, nonMated) => {
        const sample = createScoreSample(mated, nonMated);

        for (const { threshold, fmr, fnmr } of traceErrorCurve(sample)) {
          expect(fmr).toBe(rateOf(countFalseMatches(sample, threshold)));
          expect(fnmr).toBe(rateOf(countFalseNonMatches(sample, threshold)));
        }
      }),
    );
  });
});

describe('thinCurve', () => {
  it('keeps both ends and never leaves out a visible step', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => Math.sin(index) / 2);
    const points = [
      ...traceErrorCurve(
        createScoreSample(
          many.map((score) => score + 0.4),
          many,
        ),
      ),
    ];

    const thin = thinCurve(points);

    expect(thin.length).toBeLessThan(3_000);
    expect(thin[0]).toBe(points[0]);
    expect(thin.at(-1)).toBe(points.at(-1));
    for (const [index, point] of thin.slice(1, -1).entries()) {
      const before = points[points.indexOf(point) - 1];
      expect(before?.fmr).toBeGreaterThanOrEqual((thin[index]?.fmr ?? 0) * 0.98);
    }
  });
});

describe('findEqualErrorRate', () => {
  it('is 0 for kinds that do not overlap', () => {
    expect(findEqualErrorRate(traceErrorCurve(createScoreSample([0.6, 0.7], [0.1, 0.5]))).rate).toBe(0);
  });

  it('is the rate where one wrong pair of ten stands against another', () => {
    const mated = [0.2, ...Array.from({ length: 9 }, (_, index) => 0.6 + index / 100)];
    const nonMated = [0.8, ...Array.from({ length: 9 }, (_, index) => 0.3 + index / 100)];

    const { rate, threshold } = findEqualErrorRate(traceErrorCurve(createScoreSample(mated, nonMated)));

    expect(rate).toBeCloseTo(0.1, 12);
    expect(threshold).toBeGreaterThan(0.38);
    expect(threshold).toBeLessThanOrEqual(0.61);
  });

  it('lies between the errors of the two thresholds around it', () => {
    fc.assert(
      fc.property(scores, scores, (mated, nonMated) => {
        const { rate } = findEqualErrorRate(traceErrorCurve(createScoreSample(mated, nonMated)));

        expect(rate).toBeGreaterThanOrEqual(0);
        expect(rate).toBeLessThanOrEqual(1);
      }),
    );
  });
});
