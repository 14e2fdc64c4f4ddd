import { describe, expect, it } from 'vitest';
import { arrivalTimes } from '../../../../bench/speed/load.js';

describe('arrivalTimes', () => {
  it('spaces even arrivals by the rate', () => {
    expect(arrivalTimes({ perSecond: 4, seconds: 1, arrivals: 'even' })).toEqual([0, 250, 500, 750]);
  });

  it('sends exactly the offered load, however the random times fall', () => {
    for (const seed of [1, 2, 3]) {
      const times = arrivalTimes({ perSecond: 18.5, seconds: 12, arrivals: 'random', seed });
      expect(times).toHaveLength(222);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(times[0]).toBeGreaterThanOrEqual(0);
      expect(times.at(-1)).toBeLessThan(12_000);
    }
  });

  it('bunches random arrivals as independent callers do', () => {
    const perSecond = 1_000;
    const times = arrivalTimes({ perSecond, seconds: 20, arrivals: 'random' });
    const short = times.slice(1).filter((time, index) => time - times[index]! < 1_000 / perSecond);
    // Of exponential gaps, 1 - 1/e are shorter than the mean.
    expect(short.length / times.length).toBeCloseTo(1 - Math.exp(-1), 1);
  });

  it('gives the same times for the same seed, and others for another', () => {
    const load = { perSecond: 10, seconds: 3, arrivals: 'random' } as const;
    expect(arrivalTimes({ ...load, seed: 7 })).toEqual(arrivalTimes({ ...load, seed: 7 }));
    expect(arrivalTimes({ ...load, seed: 7 })).not.toEqual(arrivalTimes({ ...load, seed: 8 }));
  });
});
