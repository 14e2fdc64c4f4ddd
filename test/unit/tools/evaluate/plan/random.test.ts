import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, drawSample } from '../../../../../tools/evaluate/plan/random.js';

describe('createRandom', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    const three = (seed: number): number[] => {
      const random = createRandom(seed);
      return [random(), random(), random()];
    };

    expect(three(7)).toEqual(three(7));
    expect(three(7)).not.toEqual(three(8));
  });

  it('spreads evenly over [0, 1)', () => {
    const random = createRandom(1);
    const tenths = new Array<number>(10).fill(0);

    for (let i = 0; i < 20_000; i++) tenths[Math.floor(random() * 10)]! += 1;

    // Binomial with p = 0.1: five standard deviations are 212.
    for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(212);
  });
});

describe('drawSample', () => {
  it('gives the requested number of different numbers in ascending order', () => {
    fc.assert(
      fc.property(fc.nat({ max: 200 }), fc.nat({ max: 250 }), fc.nat(), (total, count, seed) => {
        const drawn = drawSample(total, count, createRandom(seed));

        expect(drawn).toHaveLength(Math.min(total, count));
        expect(new Set(drawn).size).toBe(drawn.length);
        expect([...drawn].sort((left, right) => left - right)).toEqual(drawn);
        for (const number of drawn) expect(number).toBeLessThan(total);
      }),
    );
  });

  it('draws every number equally often', () => {
    const random = createRandom(3);
    const counts = new Array<number>(5).fill(0);

    for (let i = 0; i < 10_000; i++) for (const number of drawSample(5, 2, random)) counts[number]! += 1;

    for (const count of counts) expect(Math.abs(count - 4_000)).toBeLessThan(250);
  });

  it('does not depend on how large the range is', () => {
    expect(drawSample(87_000_000, 3, createRandom(1))).toHaveLength(3);
  });
});
