import { describe, expect, it } from 'vitest';
import { createProblem } from '../../../../../src/shared/contract/problem.js';
import { ERROR_CODES } from '../../../../../src/shared/errors.js';

interface Verdict {
  readonly kind: string;
  readonly borderline?: boolean;
  readonly text: string;
}

const { judgeAnswer } = (await import(
  new URL('../../../../../src/api/pages/demo/verdict.js', import.meta.url).href
)) as { judgeAnswer: (answer: { status: number; body: unknown }) => Verdict };

const kindOf = (status: number, body: unknown): string => judgeAnswer({ status, body }).kind;

describe('judgeAnswer', () => {
  it('shows matched and not matched only for a decided comparison', () => {
    expect(kindOf(200, { user_id: 'u', matched: true })).toBe('matched');
    expect(kindOf(200, { user_id: 'u', matched: false })).toBe('not_matched');
    expect(kindOf(200, { status: 'completed', result: { user_id: 'u', matched: true } })).toBe('matched');
  });

  it.each([
    [200, undefined],
    [200, {}],
    [200, { matched: 'true' }],
    [200, { matched: null }],
    [502, { matched: true }],
    [404, { text: 'a proxy’s page' }],
  ])('shows no answer for status %i with %j', (status, body) => {
    expect(kindOf(status, body)).toBe('unavailable');
  });

  it('shows no error code as a match or a non-match', () => {
    for (const code of ERROR_CODES) {
      for (const facts of [{}, { image: 'front_image1', jobId: 'r_1' }, { image: 'front_image1' }] as const) {
        const problem = createProblem(code, facts);

        expect(['undecided', 'refused', 'unavailable']).toContain(kindOf(problem.status, problem));
        expect(['undecided', 'refused', 'unavailable']).toContain(
          kindOf(200, { status: 'failed', error: problem }),
        );
      }
    }
  });

  it('shows could not tell for an analysed photo and not accepted for one that was refused before', () => {
    const analysed = createProblem('face_not_found', { image: 'front_image2', jobId: 'r_1' });
    const refused = createProblem('image_url_forbidden', { image: 'front_image2' });

    expect(kindOf(422, analysed)).toBe('undecided');
    expect(kindOf(422, refused)).toBe('refused');
  });

  it('passes on that a decision is borderline, and leaves the decision as it is', () => {
    const { kind, borderline } = judgeAnswer({
      status: 200,
      body: { user_id: 'u', matched: true, borderline: true },
    });

    expect([kind, borderline]).toEqual(['matched', true]);
  });

  it('adds a caution to a decision whose photos have warnings, with and without evidence', () => {
    const say = (warnings: object[], matched = true): string =>
      judgeAnswer({ status: 200, body: { user_id: 'u', matched, warnings } }).text;
    const copy = { image: 'front_image1', code: 'near_identical_to_front_image2' };
    const small = { image: 'front_image1', code: 'small_face' };

    expect(say([])).not.toContain('Careful');
    expect(say([copy, small])).toContain('some of the photos are copies of one another');
    expect(say([small])).toContain('some photos have a warning');
    expect(say([small], false)).toContain('some photos have a warning');
  });

  it('keeps the evidence of a comparison without a decision', () => {
    const error = createProblem('face_not_found', { image: 'front_image2', jobId: 'r_1' });
    const evidence = { images: {} };

    expect(judgeAnswer({ status: 200, body: { status: 'failed', error, evidence } })).toMatchObject({
      evidence,
    });
    expect(
      judgeAnswer({ status: 200, body: { status: 'failed', error: { ...error, evidence } } }),
    ).toMatchObject({
      kind: 'undecided',
      evidence,
    });
  });

  it('says if the same request may succeed later', () => {
    const problem = createProblem('overloaded');

    expect(judgeAnswer({ status: 503, body: problem })).toMatchObject({
      kind: 'unavailable',
      text: expect.stringContaining('may succeed later'),
    });
  });
});
