import { describe, expect, it } from 'vitest';
import {
  describeThreshold,
  fmrAtThreshold,
  fnmrAtThreshold,
  thresholdForFmr,
} from '../../../../src/shared/models/calibration.js';
import type { Calibration } from '../../../../src/shared/models/model-manifest.js';

const CALIBRATION: Calibration = {
  ...{ dataset: 'LFW', non_mated_pairs: 29_600_000, mated_pairs: 3_000, date: '2026-11-23', source: 'test' },
  points: [
    { fmr: 1e-3, threshold: 0.336 },
    { fmr: 1e-5, threshold: 0.477, fnmr: 0.05 },
    { fmr: 1e-4, threshold: 0.412, fnmr: 0.022 },
  ],
};

describe('thresholdForFmr', () => {
  it('is the calibrated threshold of the requested rate', () => {
    expect(thresholdForFmr(CALIBRATION, 1e-4, 0.2)).toBe(0.412);
  });

  it('is that of the next stricter rate if the requested one was not measured', () => {
    expect(thresholdForFmr(CALIBRATION, 5e-4, 0.2)).toBe(0.412);
    expect(thresholdForFmr(CALIBRATION, 0.5, 0.2)).toBe(0.336);
  });

  it('is never below the floor of the service', () => {
    expect(thresholdForFmr(CALIBRATION, 0.5, 0.4)).toBe(0.4);
    expect(thresholdForFmr(CALIBRATION, 1e-5, 0.4)).toBe(0.477);
  });

  it('is refused for a rate stricter than any measured one', () => {
    expect(() => thresholdForFmr(CALIBRATION, 1e-6, 0.2)).toThrow(
      expect.objectContaining({ code: 'calibration_unavailable' }),
    );
  });

  it('is refused without a calibration', () => {
    expect(() => thresholdForFmr(null, 1e-3, 0.2)).toThrow(
      expect.objectContaining({ code: 'calibration_unavailable' }),
    );
  });
});

describe('fmrAtThreshold', () => {
  it('is the strictest rate whose threshold is not above the one in use', () => {
    expect(fmrAtThreshold(CALIBRATION, 0.412)).toBe(1e-4);
    expect(fmrAtThreshold(CALIBRATION, 0.45)).toBe(1e-4);
    expect(fmrAtThreshold(CALIBRATION, 0.9)).toBe(1e-5);
  });

  it('is unknown below the calibrated range and without a calibration', () => {
    expect(fmrAtThreshold(CALIBRATION, 0.335)).toBeUndefined();
    expect(fmrAtThreshold(null, 0.5)).toBeUndefined();
  });
});

describe('fnmrAtThreshold', () => {
  it('is the lowest rate whose threshold is not below the one in use', () => {
    expect(fnmrAtThreshold(CALIBRATION, 0.412)).toBe(0.022);
    expect(fnmrAtThreshold(CALIBRATION, 0.45)).toBe(0.05);
  });

  it('is unknown above the calibrated range and without a calibration', () => {
    expect(fnmrAtThreshold(CALIBRATION, 0.478)).toBeUndefined();
    expect(fnmrAtThreshold(null, 0.5)).toBeUndefined();
  });
});

describe('describeThreshold', () => {
  it('states both rates, their basis, the threshold for an FMR of 1e-4 and the recommended one', () => {
    const calibration = { ...CALIBRATION, detector: 'SCRFD-2.5G', recommended_threshold: 0.45 };

    expect(describeThreshold(calibration, 0.477)).toBe(
      '0.477 means an FMR of at most 1e-5 and an FNMR of at most 5 % per comparison (LFW, 29,600,000 non-mated and ' +
        '3,000 mated pairs, faces aligned by SCRFD-2.5G, 2026-11-23). An FMR of 1e-4 requires 0.412, with an FNMR of ' +
        '2.2 %. The pack recommends 0.45.',
    );
  });

  it('states no rate outside the calibrated range', () => {
    expect(describeThreshold(CALIBRATION, 0.5)).toMatch(/^0\.5 means an FMR of at most 1e-5 per comparison/);
    expect(describeThreshold(CALIBRATION, 0.3)).toMatch(/^0\.3 is below the calibrated thresholds/);
  });

  it('says where the rates come from if the pack has no calibration', () => {
    expect(describeThreshold(null, 0.5)).toMatch(/unknown.*npm run evaluate/);
  });

  it('repeats no recommendation that is in use', () => {
    expect(describeThreshold({ ...CALIBRATION, recommended_threshold: 0.5 }, 0.5)).not.toContain(
      'recommends',
    );
  });
});
