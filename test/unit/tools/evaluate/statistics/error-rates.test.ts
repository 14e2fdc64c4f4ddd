import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countFalseMatches,
  countFalseNonMatches,
  nextAbove,
  rateOf,
  thresholdForFalseMatchRate,
} from '../../../../../tools/evaluate/statistics/error-rates.js';
import { createScoreSample } from '../support.js';

const similarity = fc.double({ min: -1, max: 1, noNaN: true });
/** Few different values, so that ties are the rule. */
const tied = fc.integer({ min: -4, max: 4 }).map((value) => value / 4);

describe('the error rates at a threshold', () => {
  it('count a similarity equal to the threshold as a match, for both kinds of pair', () => {
    const sample = createScoreSample([0.4, 0.5, 0.6], [0.1, 0.5, 0.2, 0.4]);

    expect(countFalseMatches(sample, 0.5)).toEqual({ errors: 1, trials: 4 });
    expect(countFalseNonMatches(sample, 0.5)).toEqual({ errors: 1, trials: 3 });
  });

  it('are those of counting one by one, for any similarities and any threshold', () => {
    fc.assert(
      fc.property(fc.array(tied), fc.array(tied), tied, (mated, nonMated, threshold) => {
        const sample = createScoreSample(mated, nonMated);

        expect(countFalseMatches(sample, threshold).errors).toBe(
          nonMated.filter((score) => score >= threshold).length,
        );
        expect(countFalseNonMatches(sample, threshold).errors).toBe(
          mated.filter((score) => score < threshold).length,
        );
      }),
    );
  });

  it('have no rate without trials', () => {
    expect(rateOf(countFalseMatches(createScoreSample([0.5], []), 0.5))).toBeNaN();
  });

  it('refuse a similarity that is not a number', () => {
    expect(() => createScoreSample([0.5, Number.NaN], [])).toThrow('bug');
  });
});

describe('thresholdForFalseMatchRate', () => {
  it('lies just above the first similarity that may not match', () => {
    const sample = createScoreSample([], [0.1, 0.2, 0.3, 0.4]);

    expect(thresholdForFalseMatchRate(sample, 0.25)).toBe(nextAbove(0.3));
    expect(thresholdForFalseMatchRate(sample, 0)).toBe(nextAbove(0.4));
    expect(thresholdForFalseMatchRate(sample, 1)).toBe(-1);
  });

  it('lets none of the tied pairs match if not all of them can', () => {
    const sample = createScoreSample([], [0.1, 0.3, 0.3, 0.3]);

    const threshold = thresholdForFalseMatchRate(sample, 0.5);

    expect(threshold).toBe(nextAbove(0.3));
    expect(countFalseMatches(sample, threshold).errors).toBe(0);
  });

  it('allows as many pairs as the rate says although the product of doubles falls a hair short', () => {
    const scores = Array.from({ length: 100 }, (_, index) => index / 100);

    const threshold = thresholdForFalseMatchRate(createScoreSample([], scores), 0.29);

    expect(countFalseMatches(createScoreSample([], scores), threshold).errors).toBe(29);
  });

  it('never exceeds the rate, and no lower threshold among the similarities keeps to it', () => {
    fc.assert(
      fc.property(
        fc.array(tied, { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (scores, fmr) => {
          const sample = createScoreSample([], scores);
          const rateAt = (threshold: number): number => rateOf(countFalseMatches(sample, threshold));

          const threshold = thresholdForFalseMatchRate(sample, fmr);

          expect(rateAt(threshold)).toBeLessThanOrEqual(fmr + 1e-9);
          for (const lower of scores.filter((score) => score < threshold)) {
            expect(rateAt(lower)).toBeGreaterThan(fmr - 1e-9);
          }
        },
      ),
    );
  });
});

describe('nextAbove', () => {
  it('gives a larger double with nothing between', () => {
    fc.assert(
      fc.property(similarity, (value) => {
        const next = nextAbove(value);

        expect(next).toBeGreaterThan(value);
        expect([value, next]).toContain(value / 2 + next / 2);
      }),
    );
  });

  it('is not misled by the sign of zero', () => {
    expect(nextAbove(-0)).toBe(Number.MIN_VALUE);
  });
});
