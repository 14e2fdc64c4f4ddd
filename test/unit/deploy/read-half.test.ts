import { describe, expect, it } from 'vitest';
import { readHalf } from '../../deploy/support/read-half.js';

describe('npm run test:deploy', () => {
  it('runs the half that --only names, and both without it', () => {
    expect(readHalf(['--only', 'chart'])).toBe('chart');
    expect(readHalf(['--only=compose'])).toBe('compose');
    expect(readHalf([])).toBeUndefined();
  });

  it.each([['--only', 'TYPO'], ['--only', ''], ['--onyl', 'chart'], ['chart']])(
    'refuses %s %s instead of running both halves',
    (...args) => {
      expect(() => readHalf(args)).toThrow();
    },
  );
});
