import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countBelow, createScores } from '../../../../../tools/evaluate/statistics/score-sample.js';
import { createTally, TALLY_STEPS } from '../../../../../tools/evaluate/statistics/score-tally.js';

/** Any similarity, or one on a step or next to it. */
const similarity = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc
    .tuple(fc.integer({ min: -TALLY_STEPS, max: TALLY_STEPS }), fc.constantFrom(-1e-16, 0, 1e-16))
    .map(([step, offset]) => Math.min(1, Math.max(-1, step / TALLY_STEPS + offset))),
);

describe('createTally', () => {
  it('counts exactly at its threshold and at every step, whatever the similarities', () => {
    fc.assert(
      fc.property(
        fc.array(similarity),
        similarity,
        fc.integer({ min: -TALLY_STEPS, max: TALLY_STEPS }),
        (list, threshold, step) => {
          const tally = createTally(threshold);
          for (const score of list) tally.add(score);
          const counted = tally.scores();

          for (const border of [threshold, step / TALLY_STEPS, ...list.map(onStep)])
            expect(countBelow(counted, border)).toBe(list.filter((score) => score < border).length);
          expect(counted.total).toBe(list.length);
        },
      ),
    );
  });

  it('gives its values in ascending order and less than a step below the similarities', () => {
    fc.assert(
      fc.property(fc.array(similarity, { minLength: 1 }), similarity, (list, threshold) => {
        const tally = createTally(threshold);
        for (const score of list) tally.add(score);
        const { values } = tally.scores();

        expect([...values]).toEqual([...values].sort((left, right) => left - right));
        const exact = createScores(list).values;
        expect(Math.abs(values.at(-1)! - exact.at(-1)!)).toBeLessThanOrEqual(1 / TALLY_STEPS);
      }),
    );
  });

  it.each([Number.NaN, 1.001, -1.001])('refuses %d', (broken) => {
    expect(() => createTally(0.5).add(broken)).toThrow('bug');
  });
});

function onStep(score: number): number {
  return Math.round(score * TALLY_STEPS) / TALLY_STEPS;
}
