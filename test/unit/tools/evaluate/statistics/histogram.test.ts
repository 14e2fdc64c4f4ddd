import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countInBins, quantile } from '../../../../../tools/evaluate/statistics/histogram.js';

describe('countInBins', () => {
  it('counts a value on a border in the bar that begins there, and the very last in the last', () => {
    const bars = countInBins([0, 0.5, 0.5, 1], { from: 0, to: 1, bins: 2 });

    expect(bars).toEqual([
      { from: 0, to: 0.5, count: 1 },
      { from: 0.5, to: 1, count: 3 },
    ]);
  });

  it('loses no value', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2, max: 2, noNaN: true })), (values) => {
        const bars = countInBins(values, { from: -1, to: 1, bins: 40 });

        expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
      }),
    );
  });
});

describe('quantile', () => {
  it('interpolates between the two values around it', () => {
    expect(quantile(Float64Array.of(1, 2, 4), 0.5)).toBe(2);
    expect(quantile(Float64Array.of(1, 2), 0.25)).toBe(1.25);
    expect(quantile(new Float64Array(), 0.5)).toBeNaN();
  });
});
