import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRONT_IMAGES, type FrontImage } from '../../../../src/shared/contract/compare-request.js';
import { VerificationError } from '../../../../src/shared/errors.js';
import { decide, isMatch, type Probe } from '../../../../src/worker/verification/decide.js';

type Kind = 'match' | 'no_match' | 'unusable';
const KINDS: readonly Kind[] = ['match', 'no_match', 'unusable'];
const THRESHOLD = 0.5;

function probeOf(kind: Kind, index: number): Probe {
  if (kind === 'unusable')
    return {
      usable: false,
      error: new VerificationError(index === 1 ? 'image_fetch_failed' : 'face_not_found'),
    };
  return { usable: true, similarity: kind === 'match' ? THRESHOLD : THRESHOLD - 1e-12 };
}

function decideKinds(kinds: readonly [Kind, Kind, Kind], minMatches: 2 | 3) {
  const [front_image1, front_image2, front_image3] = kinds.map(probeOf) as [Probe, Probe, Probe];
  return decide({ probes: { front_image1, front_image2, front_image3 }, threshold: THRESHOLD, minMatches });
}

/** The decision table of DESIGN 4, written out by hand: matches, unusable → answer for 2 and for 3 of 3. */
const TABLE: Readonly<
  Record<string, readonly ['true' | 'false' | 'undecided', 'true' | 'false' | 'undecided']>
> = {
  '3,0': ['true', 'true'],
  '2,0': ['true', 'false'],
  '2,1': ['true', 'undecided'],
  '1,0': ['false', 'false'],
  '1,1': ['undecided', 'false'],
  '1,2': ['undecided', 'undecided'],
  '0,0': ['false', 'false'],
  '0,1': ['false', 'false'],
  '0,2': ['undecided', 'false'],
  '0,3': ['undecided', 'undecided'],
};

const combinations = KINDS.flatMap((a) =>
  KINDS.flatMap((b) => KINDS.map((c): [Kind, Kind, Kind] => [a, b, c])),
);

/** The indexes of the probes that are known, in every combination but all three. */
const FRONT_SUBSETS: readonly (readonly number[])[] = [[], [0], [1], [2], [0, 1], [0, 2], [1, 2]];

/** The fewest further probes after which the decision is no longer pending, found by trying all. */
function fewestToEnd(kinds: readonly Kind[], known: readonly number[], minMatches: 2 | 3): number {
  const ends = FRONT_SUBSETS.concat([[0, 1, 2]]).flatMap((more) => {
    if (!known.every((index) => more.includes(index))) return [];
    return combinations.flatMap((other) => {
      const probes: Partial<Record<FrontImage, Probe>> = Object.fromEntries(
        more.map((index) => {
          const kind = (known.includes(index) ? kinds[index] : other[index]) ?? 'unusable';
          return [FRONT_IMAGES[index], probeOf(kind, index)];
        }),
      );
      const { kind } = decide({ probes, threshold: THRESHOLD, minMatches });
      return kind === 'pending' ? [] : [more.length - known.length];
    });
  });
  return Math.min(...ends);
}

describe('decide', () => {
  for (const kinds of combinations) {
    for (const minMatches of [2, 3] as const) {
      const count = (kind: Kind): number => kinds.filter((each) => each === kind).length;
      const expected = TABLE[`${count('match')},${count('unusable')}`]?.[minMatches - 2];

      it(`answers ${expected} for ${kinds.join(', ')} when ${minMatches} must match`, () => {
        const decision = decideKinds(kinds, minMatches);

        expect(decision.kind === 'decided' ? String(decision.matched) : 'undecided').toBe(expected);
      });
    }
  }

  it('decides with pending probes only what no completion of them can change, and says how many it needs', () => {
    for (const kinds of combinations) {
      for (const minMatches of [2, 3] as const) {
        for (const known of FRONT_SUBSETS) {
          const probes: Partial<Record<FrontImage, Probe>> = Object.fromEntries(
            known.map((index) => [FRONT_IMAGES[index], probeOf(kinds[index] ?? 'unusable', index)]),
          );
          const decision = decide({ probes, threshold: THRESHOLD, minMatches });
          const isCompletion = (other: readonly Kind[]) =>
            known.every((index) => other[index] === kinds[index]);
          const completions = combinations
            .filter(isCompletion)
            .map((other) => decideKinds(other, minMatches));

          if (decision.kind === 'pending') {
            expect(
              new Set(completions.map(({ kind, ...rest }) => kind + JSON.stringify(rest))).size,
            ).toBeGreaterThan(1);
            expect(decision.needed).toBe(fewestToEnd(kinds, known, minMatches));
          } else {
            const { kind, matched } = { matched: undefined, ...decision };
            for (const completion of completions)
              expect(completion).toMatchObject({ kind, ...(kind === 'decided' ? { matched } : {}) });
          }
        }
      }
    }
  });

  it('blames the unusable probes in order and gives the first one’s code', () => {
    const decision = decideKinds(['match', 'unusable', 'unusable'], 2);

    expect(decision).toMatchObject({
      kind: 'undecided',
      unusable: ['front_image2', 'front_image3'],
      error: { code: 'image_fetch_failed' },
    });
  });

  it('never matches with fewer similarities at the threshold than required', () => {
    const similarity = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        similarity,
        similarity,
        similarity,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(2, 3),
        (a, b, c, threshold, min) => {
          const [one, two, three] = [a, b, c].map(
            (value): Probe => ({ usable: true, similarity: value }),
          ) as [Probe, Probe, Probe];
          const minMatches = min as 2 | 3;
          const decision = decide({
            probes: { front_image1: one, front_image2: two, front_image3: three },
            threshold,
            minMatches,
          });

          const reached = [a, b, c].filter((value) => value >= threshold).length;
          expect(decision).toEqual({ kind: 'decided', matched: reached >= minMatches, matches: reached });
        },
      ),
    );
  });
});

describe('isMatch', () => {
  it('compares in double precision without rounding', () => {
    expect(isMatch(0.5, 0.5)).toBe(true);
    expect(isMatch(0.49999999999999994, 0.5)).toBe(false);
    expect(isMatch(0, -0)).toBe(true);
  });

  it('accepts similarities and thresholds at the ends of their ranges', () => {
    const opposite: Probe = { usable: true, similarity: -1 };
    const probes = { front_image1: opposite, front_image2: opposite, front_image3: opposite };

    expect(isMatch(1, 1)).toBe(true);
    expect(isMatch(-1, 0)).toBe(false);
    for (const threshold of [0, 1]) {
      expect(decide({ probes, threshold, minMatches: 2 })).toMatchObject({ matched: false });
    }
  });

  const wrong: readonly unknown[] = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1.0000001,
    -1.01,
    null,
    undefined,
    '0.9',
    [],
    true,
  ];
  for (const value of wrong) {
    it(`refuses ${JSON.stringify(value) ?? 'undefined'} (${typeof value}) as a similarity`, () => {
      expect(() => isMatch(value as number, 0.5)).toThrow(expect.objectContaining({ code: 'model_failure' }));
    });
  }

  for (const threshold of [Number.NaN, -0.1, 1.1, null, '0']) {
    it(`refuses a decision at the threshold ${String(threshold)}`, () => {
      const probe: Probe = { usable: true, similarity: 1 };
      const probes = { front_image1: probe, front_image2: probe, front_image3: probe };

      expect(() => decide({ probes, threshold: threshold as number, minMatches: 2 })).toThrow(
        expect.objectContaining({ code: 'model_failure' }),
      );
    });
  }

  it('refuses a decision that requires only one match', () => {
    const probe: Probe = { usable: true, similarity: 1 };
    const probes = { front_image1: probe, front_image2: probe, front_image3: probe };

    expect(() => decide({ probes, threshold: 0.5, minMatches: 1 as unknown as 2 })).toThrow(
      VerificationError,
    );
  });
});
