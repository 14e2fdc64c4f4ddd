import { describe, expect, it } from 'vitest';

const { describeThreshold } = (await import(
  new URL('../../../../../src/api/pages/demo/service-facts.js', import.meta.url).href
)) as { describeThreshold: (threshold: number, calibration: object | undefined) => string };

const CALIBRATION = {
  ...{ dataset: 'LFW', non_mated_pairs: 11_860_000, date: '2026-11-28' },
  points: [
    { fmr: 1e-4, threshold: 0.413, fnmr: 0.022 },
    { fmr: 1e-5, threshold: 0.477, fnmr: 0.0495 },
  ],
};

describe('describeThreshold', () => {
  it('gives upper bounds for both errors, their basis and the threshold for an FMR of 1e-4', () => {
    const text = describeThreshold(0.45, CALIBRATION);

    expect(text).toContain('At most 1 in 10,000 pairs of different people reach it (LFW, 11,860,000 pairs');
    expect(text).toMatch(
      /At most 5 % of pairs of one person miss it\. .*an FMR of 1e-4\) requires 0\.413\.$/,
    );
  });

  it('leaves out what the calibration does not cover', () => {
    expect(describeThreshold(0.3, CALIBRATION)).toContain('below the thresholds');
    expect(describeThreshold(0.5, CALIBRATION)).not.toContain('miss it');
    expect(describeThreshold(0.5, undefined)).not.toMatch(/At most|requires/);
  });
});
