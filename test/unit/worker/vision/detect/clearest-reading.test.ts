import { describe, expect, it } from 'vitest';
import {
  clearestReading,
  isClearest,
  type Reading,
} from '../../../../../src/worker/vision/detect/clearest-reading.js';
import { ALIGNED_POINTS } from '../../../../../src/worker/vision/face/align-face.js';
import { transformPoints } from '../../../../../src/worker/vision/face/similarity-transform.js';

interface Read extends Reading {
  readonly clarity: number;
}

function read(degrees: number, clarity: number, plausibility = 0.3): Read {
  const radians = (degrees * Math.PI) / 180;
  const turn = { a: Math.cos(radians), b: Math.sin(radians), tx: 0, ty: 0 };
  const landmarks = transformPoints(turn, ALIGNED_POINTS);
  return { landmarks, plausibility, isPlausible: plausibility >= 0.1, clarity };
}

/** Knows how clear a reading is and counts how often it is asked. */
function judge() {
  let asked = 0;
  return {
    clarityOf: async ({ clarity }: Read) => {
      asked += 1;
      return clarity;
    },
    asked: () => asked,
  };
}

const { clarityOf } = judge();

describe('clearestReading', () => {
  it('takes the upright reading that is clearer, however steady the turned one is', async () => {
    const upright = read(0, 3.6, 0.15);

    for (const degrees of [90, 180, 270])
      expect(await clearestReading([upright, read(degrees, 2.4, 0.9)], clarityOf)).toBe(upright);
  });

  it('takes a turned reading that is clearer, however steady the upright one is', async () => {
    const turned = read(180, 3.6, 0.3);

    expect(await clearestReading([read(0, 2.4, 0.45), turned], clarityOf)).toBe(turned);
  });

  it('takes the upright one of two that are about as clear', async () => {
    const upright = read(0, 3, 0.15);

    expect(await clearestReading([upright, read(180, 3.2, 0.4)], clarityOf)).toBe(upright);
  });

  it('takes none when two turned ones are about as clear, and clearer than the upright one', async () => {
    const readings = [read(0, 2), read(90, 3), read(180, 3.2)];

    expect(await clearestReading(readings, clarityOf)).toBeUndefined();
  });

  it('takes none when the clearest is not plausible itself', async () => {
    expect(await clearestReading([read(0, 3.6, 0), read(90, 2.4, 0.4)], clarityOf)).toBeUndefined();
  });

  it('takes the most plausible of those that turn the face alike, without asking how clear they are', async () => {
    const { clarityOf: ask, asked } = judge();
    const best = read(20, 2, 0.4);

    expect(await clearestReading([read(-10, 3, 0.3), best, read(30, 3, 0)], ask)).toBe(best);
    expect(asked()).toBe(0);
  });

  it('counts an agreeing reading for the one it agrees with', async () => {
    const faint = read(0, 2.5, 0.4);

    expect(await clearestReading([faint, read(10, 3.6, 0), read(180, 2.4, 0.3)], clarityOf)).toBe(faint);
  });

  it('is undefined without readings', async () => {
    expect(await clearestReading([], clarityOf)).toBeUndefined();
  });
});

describe('isClearest', () => {
  it('asks an unsettled turned reading for a lead of a tenth over each that is turned by more than 45° against it', async () => {
    const upright = read(0, 1);

    expect(await isClearest(read(90, 1.11), [upright], clarityOf)).toBe(true);
    expect(await isClearest(read(90, 1.09), [upright], clarityOf)).toBe(false);
    expect(await isClearest(read(90, 1.09), [read(180, 1)], clarityOf)).toBe(false);
    expect(await isClearest(read(90, 1), [read(130, 1)], clarityOf)).toBe(true);
  });

  it('requires no lead of a turned reading that is settled', async () => {
    expect(await isClearest(read(90, 1, 0.5), [read(0, 1)], clarityOf)).toBe(true);
    expect(await isClearest(read(90, 0.99, 0.5), [read(0, 1)], clarityOf)).toBe(false);
  });

  it('rejects an upright reading, tilted by up to 45°, when another one has that lead', async () => {
    for (const lean of [-40, 0, 40]) {
      const upright = read(lean, 1);

      expect(await isClearest(upright, [read(180, 1.09)], clarityOf)).toBe(true);
      expect(await isClearest(upright, [read(180, 1.11)], clarityOf)).toBe(false);
    }
  });

  it('holds for a reading without a rival at no cost', async () => {
    const { clarityOf: ask, asked } = judge();
    const alone = read(90, 1);

    expect(await isClearest(alone, [alone], ask)).toBe(true);
    expect(asked()).toBe(0);
  });
});
