import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomialInterval, ruleOfThree } from '../../../../../tools/evaluate/statistics/binomial-interval.js';

describe('binomialInterval', () => {
  // Clopper-Pearson intervals as R's binom.test prints them.
  it.each([
    { errors: 0, trials: 10, low: 0, high: 0.3084971 },
    { errors: 1, trials: 10, low: 0.002528579, high: 0.4450161 },
    { errors: 5, trials: 10, low: 0.187086, high: 0.812914 },
    { errors: 10, trials: 10, low: 0.6915029, high: 1 },
    { errors: 3, trials: 100, low: 0.006229972, high: 0.08517605 },
  ])('is [$low, $high] after $errors errors in $trials trials', ({ errors, trials, low, high }) => {
    const interval = binomialInterval({ errors, trials });

    expect(interval.low).toBeCloseTo(low, 6);
    expect(interval.high).toBeCloseTo(high, 6);
  });

  it('has the closed form 1 − (α/2)^(1/n) without errors, up to millions of trials', () => {
    for (const trials of [1, 30, 1e3, 1e6, 3e7]) {
      const expected = -Math.expm1(Math.log(0.025) / trials);

      expect(binomialInterval({ errors: 0, trials }).high / expected).toBeCloseTo(1, 6);
    }
  });

  it('leaves exactly the tails outside: the binomial probability beyond each bound is 2.5 %', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 0, max: 60 }), (trials, seed) => {
        const errors = 1 + (seed % (trials - 1));
        const { low, high } = binomialInterval({ errors, trials });

        expect(1 - cumulative(errors - 1, trials, low)).toBeCloseTo(0.025, 8);
        expect(cumulative(errors, trials, high)).toBeCloseTo(0.025, 8);
      }),
    );
  });

  it('is the whole range without trials', () => {
    expect(binomialInterval({ errors: 0, trials: 0 })).toEqual({ low: 0, high: 1 });
  });
});

describe('ruleOfThree', () => {
  it('bounds an error that was never seen by three in the number of trials', () => {
    expect(ruleOfThree(300)).toBe(0.01);
    expect(ruleOfThree(2)).toBe(1);
  });
});

/** P(X ≤ k) of a binomial, summed term by term. */
function cumulative(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let sum = term;
  for (let i = 1; i <= k; i++) {
    term *= ((n - i + 1) / i) * (p / (1 - p));
    sum += term;
  }
  return sum;
}
