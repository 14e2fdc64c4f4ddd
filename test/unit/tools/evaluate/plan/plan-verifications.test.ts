import { describe, expect, it } from 'vitest';
import { planVerifications } from '../../../../../tools/evaluate/plan/plan-verifications.js';

const LIMITS = { maxVerifications: 1_000, seed: 1 };
const always = (): boolean => true;

describe('planVerifications', () => {
  it('makes every photo of a person with four photos the reference for three others', () => {
    const plan = planVerifications([[0, 1, 2, 3, 4]], always, LIMITS);

    expect(plan.map(({ reference }) => reference)).toEqual([0, 1, 2, 3, 4]);
    for (const { reference, probes, mated } of plan) {
      expect(mated).toBe(true);
      expect(new Set([reference, ...probes]).size).toBe(4);
    }
  });

  it('sets three photos of one other person against every reference', () => {
    const plan = planVerifications([[0, 1, 2], [3], [4, 5]], always, LIMITS);

    expect(plan).toEqual([3, 4, 5].map((reference) => ({ reference, probes: [0, 1, 2], mated: false })));
  });

  it('plans nothing where nobody has three photos', () => {
    expect(planVerifications([[0, 1], [2, 3], [4]], always, LIMITS)).toEqual([]);
  });

  it('leaves out probes that are not known to be other people', () => {
    const plan = planVerifications([[0, 1, 2, 3], [4]], (one) => one !== 1, LIMITS);

    expect(plan.filter(({ mated }) => !mated)).toEqual([{ reference: 4, probes: [0, 2, 3], mated: false }]);
  });

  it('keeps to the limit of each kind', () => {
    const persons = Array.from({ length: 10 }, (_, person) =>
      [0, 1, 2, 3].map((photo) => person * 4 + photo),
    );

    const plan = planVerifications(persons, always, { maxVerifications: 6, seed: 2 });

    expect(plan.filter(({ mated }) => mated)).toHaveLength(6);
    expect(plan.filter(({ mated }) => !mated).length).toBeGreaterThan(3);
    expect(plan.filter(({ mated }) => !mated).length).toBeLessThanOrEqual(6);
  });
});
