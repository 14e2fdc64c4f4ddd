import { describe, expect, it } from 'vitest';
import {
  crossValidate,
  type FoldedPair,
  findBestThreshold,
} from '../../../../../tools/evaluate/statistics/ten-fold.js';

const pair = (fold: number, mated: boolean, similarity: number | undefined): FoldedPair => ({
  fold,
  mated,
  similarity,
});

describe('findBestThreshold', () => {
  it('is the middle of the gap between the kinds', () => {
    const pairs = [pair(1, true, 0.7), pair(1, true, 0.5), pair(1, false, 0.3), pair(1, false, 0.1)];

    expect(findBestThreshold(pairs)).toBeCloseTo(0.4, 12);
  });

  it('never splits pairs of one similarity', () => {
    const pairs = [pair(1, true, 0.5), pair(1, false, 0.5), pair(1, false, 0.5), pair(1, true, 0.9)];

    expect(findBestThreshold(pairs)).toBeCloseTo(0.7, 12);
  });
});

describe('crossValidate', () => {
  it('judges each fold at the threshold that is best on the others, not on itself', () => {
    const first = [pair(1, true, 0.9), pair(1, false, 0.1)];
    const second = [pair(2, true, 0.3), pair(2, false, 0.2)];

    const { folds } = crossValidate([...first, ...second]);

    expect(folds.map(({ threshold }) => threshold)).toEqual([0.25, 0.5]);
    expect(folds.map(({ accuracy }) => accuracy)).toEqual([1, 0.5]);
  });

  it('gives the mean over the folds and its standard error', () => {
    const good = [1, 2, 3].flatMap((fold) => [pair(fold, true, 0.9), pair(fold, false, 0.1)]);
    const bad = [pair(4, true, 0.05), pair(4, false, 0.1)];

    const { meanAccuracy, standardError } = crossValidate([...good, ...bad]);

    expect(meanAccuracy).toBe(0.875);
    // Shares 1, 1, 1, 0.5: the deviation is 0.25 and four folds halve it.
    expect(standardError).toBeCloseTo(0.125, 12);
  });

  it('counts a pair of either kind without a similarity as wrong', () => {
    const folds = [1, 2].flatMap((fold) => [pair(fold, true, 0.9), pair(fold, false, 0.1)]);

    const { meanAccuracy } = crossValidate([...folds, pair(1, false, undefined), pair(2, true, undefined)]);

    expect(meanAccuracy).toBeCloseTo(2 / 3, 12);
  });
});
