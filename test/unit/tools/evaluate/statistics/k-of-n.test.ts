import { describe, expect, it } from 'vitest';
import { countOutcomes, type ScoredVerification } from '../../../../../tools/evaluate/statistics/k-of-n.js';

const attempt = (
  mated: boolean,
  ...similarities: [number | undefined, number | undefined, number | undefined]
): ScoredVerification => ({ mated, similarities });

describe('countOutcomes', () => {
  const attempts = [
    attempt(true, 0.9, 0.8, 0.7),
    attempt(true, 0.9, 0.5, 0.1),
    attempt(true, 0.9, 0.2, 0.1),
    attempt(true, 0.9, undefined, 0.1),
    attempt(true, 0.9, 0.8, undefined),
    attempt(false, 0.6, 0.6, 0.1),
    attempt(false, 0.1, 0.1, undefined),
  ];

  it('follows the 2 of 3 rule, the threshold itself matching', () => {
    expect(countOutcomes(attempts, { mated: true, threshold: 0.5, minMatches: 2 })).toEqual({
      matched: 3,
      notMatched: 1,
      undecided: 1,
    });
  });

  it('follows the 3 of 3 rule', () => {
    expect(countOutcomes(attempts, { mated: true, threshold: 0.5, minMatches: 3 })).toEqual({
      matched: 1,
      notMatched: 3,
      undecided: 1,
    });
  });

  it('counts the attempts of other people separately', () => {
    expect(countOutcomes(attempts, { mated: false, threshold: 0.5, minMatches: 2 })).toEqual({
      matched: 1,
      notMatched: 1,
      undecided: 0,
    });
  });
});
