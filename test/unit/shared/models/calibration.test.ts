import { describe, expect, it } from 'vitest';
import { fmrAtThreshold, thresholdForFmr } from '../../../../src/shared/models/calibration.js';
import type { Calibration } from '../../../../src/shared/models/model-manifest.js';

const CALIBRATION: Calibration = {
  ...{ dataset: 'LFW', non_mated_pairs: 29_600_000, mated_pairs: 3_000, date: '2026-11-23', source: 'test' },
  points: [
    { fmr: 1e-3, threshold: 0.336 },
    { fmr: 1e-5, threshold: 0.477 },
    { fmr: 1e-4, threshold: 0.412 },
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
