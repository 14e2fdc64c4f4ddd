import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countInBins, quantile } from '../../../../../tools/evaluate/statistics/histogram.js';
import { createScores } from '../../../../../tools/evaluate/statistics/score-sample.js';

describe('countInBins', () => {
  it('counts a value on a border in the bar that begins there, and the very last in the last', () => {
    const bars = countInBins(createScores([0, 0.5, 0.5, 1]), { from: 0, to: 1, bins: 2 });

    expect(bars).toEqual([
      { from: 0, to: 0.5, count: 1 },
      { from: 0.5, to: 1, count: 3 },
    ]);
  });

  it('loses no value', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2, max: 2, noNaN: true })), (values) => {
        const bars = countInBins(createScores(values), { from: -1, to: 1, bins: 40 });

        expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
      }),
    );
  });
});

describe('quantile', () => {
  it('interpolates between the two values around it', () => {
    expect(quantile(createScores([1, 2, 4]), 0.5)).toBe(2);
    expect(quantile(createScores([1, 2]), 0.25)).toBe(1.25);
    expect(quantile(createScores([]), 0.5)).toBeNaN();
  });

  it('counts a value as often as it occurs', () => {
    expect(quantile(createScores([1, 1, 1, 2]), 0.5)).toBe(1);
    expect(quantile(createScores([1, 2, 2, 2]), 1 / 6)).toBe(1.5);
  });
});
