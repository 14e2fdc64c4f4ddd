import { describe, expect, it } from 'vitest';
import { type JudgeOptions, judgeFace } from '../../../../../src/worker/vision/recognisability/judge-face.js';
import {
  type FaceFeatures,
  FEATURE_NAMES,
} from '../../../../../src/worker/vision/recognisability/measure-features.js';
import type { FaceRating } from '../../../../../src/worker/vision/recognisability/rate-face.js';

/** What a sharp, well-lit face of 250 px gives. */
const CLEAR: FaceFeatures = {
  ...(Object.fromEntries(FEATURE_NAMES.map((name) => [name, 0])) as unknown as FaceFeatures),
  ...{ size: 0.69, detail_1: 6.4, detail_2: 7.3, detail_4: 8, brightness: 0.5, contrast: 3.8 },
};

const APPEARANCE = new Float32Array(288);
const EMBEDDING = new Float32Array(512).fill(1 / Math.sqrt(512));

const LIMITS = { standard: 0.4, strict: 0.6, flawed: 0.5, margin: 0.15 };

/** A rating that answers `answer` to every face. */
const always = (answer: number): FaceRating => ({ bias: Math.log(answer / (1 - answer)), features: {} });

function judge(
  features: Partial<FaceFeatures>,
  {
    score = 0.9,
    notAFace = 0.01,
    covered = 0.01,
    flawed = 0.01,
    ...options
  }: Partial<JudgeOptions> & Record<string, unknown> = {},
) {
  const ratings = { score, notAFace, covered, flawed } as Record<string, number>;
  return judgeFace(
    { features: { ...CLEAR, ...features }, appearance: APPEARANCE, embedding: EMBEDDING },
    {
      data: {
        score: always(ratings.score!),
        notAFace: always(ratings.notAFace!),
        covered: always(ratings.covered!),
        flawed: always(ratings.flawed!),
        limits: LIMITS,
      },
      strictness: 'standard',
      minScore: 0,
      ...options,
    },
  );
}

describe('judgeFace', () => {
  it('accepts a clear face without a warning', () => {
    const verdict = judge({});

    expect(verdict).toMatchObject({ usable: true, warnings: [] });
    expect(verdict.score).toBeCloseTo(0.9, 6);
  });

  it.each([
    ['blurred', { detail_1: 2, detail_2: 4 }, {}],
    ['too_dark', { brightness: 0.1 }, {}],
    ['overexposed', { brightness: 0.9 }, {}],
    ['overexposed', { white: 0.5 }, {}],
    ['too_small', { size: Math.log(0.2), detail_1: 2 }, {}],
    ['covered', {}, { covered: 0.7 }],
    ['not_a_face', {}, { notAFace: 0.7 }],
    ['turned', { yaw: 50 / 90 }, {}],
    ['blurred', { streaks: 1.1 }, {}],
    ['covered', {}, { covered: 0.3 }],
    ['distorted', {}, {}],
  ])('refuses a face of a low score as %s', (reason, features, answers) => {
    const verdict = judge(features, { score: 0.3, ...answers });

    expect(verdict.usable).toBe(false);
    expect(verdict.reason).toBe(reason);
  });

  it.each([
    ['no face', {}, { notAFace: 0.95 }],
    ['covered', {}, { covered: 0.95 }],
    ['pitch dark', { brightness: 7 / 255 }, {}],
    ['without tones', { contrast: 2.2 }, {}],
    ['turned away', { yaw: 80 / 90 }, {}],
    ['seen from above', { pitch: 80 / 90 }, {}],
  ])('refuses what is certainly %s, however good its score', (_, features, answers) => {
    expect(judge(features, { score: 0.99, ...answers }).usable).toBe(false);
  });

  it('asks for more when it is strict, and warns of what only just passes when it is not', () => {
    const blurred = { detail_1: 4, detail_2: 6 };

    expect(judge(blurred, { score: 0.5, strictness: 'strict' }).usable).toBe(false);
    expect(judge(blurred, { score: 0.5 })).toMatchObject({ usable: true, warnings: ['blurred'] });
    expect(judge({ size: Math.log(0.4) })).toMatchObject({ usable: true, warnings: ['small_face'] });
  });

  it('asks a margin of a usable face with a flaw, and of none when it is off', () => {
    expect(judge({}, { flawed: 0.51 })).toMatchObject({ usable: true, doubtMargin: 0.15 });
    expect(judge({}, { flawed: 0.49 }).doubtMargin).toBe(0);
    expect(judge({}, { flawed: 0.51, score: 0.3 })).toMatchObject({ usable: false, doubtMargin: 0 });
    expect(judge({}, { flawed: 0.51, strictness: 'off' }).doubtMargin).toBe(0);
  });

  it('refuses nothing when it is off, but what the operator asks for', () => {
    expect(judge({ brightness: 0 }, { score: 0.01, notAFace: 0.99, strictness: 'off' }).usable).toBe(true);
    expect(judge({}, { score: 0.2, strictness: 'off', minScore: 0.3 }).usable).toBe(false);
  });

  it("takes the higher of the pack's limit and the operator's", () => {
    expect(judge({}, { score: 0.5, minScore: 0.55 }).usable).toBe(false);
    expect(judge({}, { score: 0.35, minScore: 0.1 }).usable).toBe(false);
  });

  it('refuses a face whose measurements are not numbers', () => {
    const broken: FaceRating = { bias: 0, features: { norm: { mean: 0, weight: 1 } } };
    const data = { score: broken, flawed: always(0.01), limits: LIMITS };
    const features = { ...CLEAR, norm: Number.NaN };

    expect(
      judgeFace(
        { features, appearance: APPEARANCE, embedding: EMBEDDING },
        { data, strictness: 'standard', minScore: 0 },
      ).usable,
    ).toBe(false);
  });
});
