import { describe, expect, it } from 'vitest';
import { FRONT_IMAGES } from '../../../../src/shared/contract/compare-request.js';
import { VerificationError } from '../../../../src/shared/errors.js';
import { decide, type Probe } from '../../../../src/worker/verification/decide.js';
import { isBorderline } from '../../../../src/worker/verification/is-borderline.js';

const unusable: Probe = { usable: false, error: new VerificationError('face_not_found') };

/** Asks about a decided comparison at a threshold of 0.5; `null`: an unusable front; `undefined`: a pending one. */
function ask(fronts: readonly (number | null | undefined)[], minMatches: 2 | 3, margin: number): boolean {
  const probes = Object.fromEntries(
    fronts.flatMap((similarity, index) => {
      if (similarity === undefined) return [];
      return [[FRONT_IMAGES[index], similarity === null ? unusable : { usable: true, similarity }]];
    }),
  );
  const input = { probes, threshold: 0.5, minMatches };
  const decision = decide(input);
  if (decision.kind !== 'decided') throw new Error('not decided');
  return isBorderline(input, { matched: decision.matched, margin });
}

describe('isBorderline', () => {
  it.each([
    ['the second-highest is close above', [0.9, 0.52, 0.1], 2, true],
    ['only the highest is close above', [0.9, 0.8, 0.52], 2, false],
    ['the third-highest is close above', [0.9, 0.8, 0.52], 3, true],
    ['the second-highest is close below', [0.9, 0.48, 0.1], 2, true],
    ['only the third-highest is close below', [0.2, 0.1, 0.48], 2, false],
    ['all are equally far', [0.9, 0.9, 0.9], 2, false],
    ['an unusable front could not have made a "yes" less close', [0.9, 0.52, null], 2, true],
    ['a front close below would have left a "no" open', [0.1, 0.48, null], 2, true],
    ['a front close below would have left a "no" open, of three', [0.48, null, null], 3, true],
    ['no front is close, and one is unusable', [0.1, 0.3, null], 2, false],
    ['the third photo may still make a "yes" clear', [0.9, 0.52, undefined], 2, true],
    ['the other photos may still make a "no" clear', [0.48, undefined, undefined], 3, true],
    ['the third photo can change nothing', [0.9, 0.6, undefined], 2, false],
  ] as const)('looks at the similarity that decides: %s', (_what, fronts, minMatches, expected) => {
    expect(ask(fronts, minMatches, 0.05)).toBe(expected);
  });

  it('includes both ends of the margin, and the threshold itself with a margin of 0', () => {
    expect([ask([0.75, 0.75, 0], 2, 0.25), ask([0.25, 0.25, 0], 2, 0.25)]).toEqual([true, true]);
    expect([ask([0.5, 0.5, 0], 2, 0), ask([0.5000001, 0.5000001, 0], 2, 0)]).toEqual([true, false]);
  });
});
