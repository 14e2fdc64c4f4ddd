import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VerificationError } from '../../../../../src/shared/errors.js';
import type { EvaluationState } from '../../../../../tools/evaluate/measure/evaluation-state.js';
import { listNeededPhotos, scorePlan } from '../../../../../tools/evaluate/measure/score-plan.js';
import type { EvaluationPlan } from '../../../../../tools/evaluate/plan/evaluation-plan.js';
import { openResultFolder } from '../../../../../tools/evaluate/results/result-folder.js';
import { analysisAt, planOf } from '../support.js';

const IDENTITY = { pack: 'lite' };
/** Direction of each photo's embedding, degrees. A photo that is missing here has no face. */
const ANGLES: Readonly<Record<string, number>> = { 'a.jpg': 0, 'b.jpg': 60, 'c.jpg': 90, 'd.jpg': 180 };

describe('scorePlan', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scores-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  interface RunOptions {
    readonly bytes?: readonly number[];
    readonly stopAfter?: number;
    readonly maxBytes?: number;
    readonly fail?: (name: string) => Error | undefined;
  }

  /** One run of the program: opens the folder, scores, closes it. Returns what it knows and which photos it analysed. */
  const run = async (plan: EvaluationPlan, options: RunOptions = {}) => {
    const stamps = plan.photos.map((_, photo) => ({ bytes: options.bytes?.[photo] ?? 10, modifiedMs: 5 }));
    const { results, state } = await openResultFolder(folder, plan, { identity: IDENTITY, stamps });
    const analysed: string[] = [];
    const kept: string[] = [];
    const stop = new AbortController();
    let failure: unknown;
    try {
      await scorePlan(plan, state, {
        ...{ results, stamps, concurrency: 1, maxBytes: options.maxBytes ?? 1_000, signal: stop.signal },
        readPhoto: async (name) => Buffer.from(name),
        analyse: async (bytes) => {
          const name = Buffer.from(bytes).toString();
          analysed.push(name);
          const broken = options.fail?.(name);
          if (broken) throw broken;
          const angle = ANGLES[name];
          if (angle === undefined) throw new VerificationError('face_not_found');
          return analysisAt(angle, `digest of ${name}`);
        },
        keepEmbedding: (photo) => void kept.push(plan.photos[photo] ?? ''),
        onPhoto: () => {
          if (analysed.length === options.stopAfter) stop.abort(new Error('stopped'));
        },
      });
    } catch (error) {
      failure = error;
    }
    await results.close();
    return { state, analysed, kept, failure };
  };

  const similaritiesOf = (state: EvaluationState): number[] =>
    [...state.similarities].map((similarity) => Number(similarity.toFixed(6)));

  it('scores every pair by the cosine of its embeddings, each photo analysed once', async () => {
    const { state, analysed } = await run(planOf('abcd', ['ab+', 'ac-', 'ad-', 'bc-']));

    expect(similaritiesOf(state)).toEqual([0.5, 0, -1, 0.866025]);
    expect([...analysed].sort()).toEqual(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']);
  });

  it('scores attempts against their reference and leaves the score of a failed photo open', async () => {
    const { state } = await run(planOf('abcx', [], ['a:bcx+']));

    const [first, second, third] = state.verifications[0] ?? [];
    expect(first).toBeCloseTo(0.5, 6);
    expect(second).toBeCloseTo(0, 6);
    expect(third).toBeNaN();
  });

  it('records why a photo could not be used and leaves its pairs without a score', async () => {
    const { state } = await run(planOf('abx', ['ab+', 'ax-']));

    expect(state.records[2]).toEqual({ bytes: 10, modifiedMs: 5, usable: false, code: 'face_not_found' });
    expect(similaritiesOf(state)).toEqual([0.5, Number.NaN]);
  });

  it('refuses a file over the limit without reading it', async () => {
    const { state, analysed } = await run(planOf('ab', ['ab+']), { bytes: [10, 2_000] });

    expect(state.records[1]).toMatchObject({ usable: false, code: 'image_too_large' });
    expect(analysed).toEqual(['a.jpg']);
  });

  it('continues after an interruption and analyses only what it still needs', async () => {
    const plan = planOf('abcd', ['ab+', 'cd-']);

    const first = await run(plan, { stopAfter: 3 });
    const second = await run(plan);

    expect(first.failure).toEqual(new Error('stopped'));
    expect(second.analysed).toEqual(['d.jpg', 'c.jpg']);
    expect(similaritiesOf(second.state)).toEqual([0.5, 0]);
  });

  it('has nothing left to do after a complete run, including failures', async () => {
    const plan = planOf('abx', ['ab+', 'ax-'], ['a:bxa+']);
    await run(plan);

    const again = await run(plan);

    expect(again.analysed).toEqual([]);
    expect(similaritiesOf(again.state)).toEqual([0.5, Number.NaN]);
    expect(again.state.verifications[0]?.[1]).toBeNaN();
  });

  it('analyses every photo again if all pairs are counted, except those that failed, and keeps the embeddings', async () => {
    const plan = {
      ...planOf('abx', []),
      allPairs: { mated: 1, nonMated: 2 },
    };

    const first = await run(plan);
    const second = await run(plan);

    expect(first.analysed).toEqual(['a.jpg', 'b.jpg', 'x.jpg']);
    expect(first.kept).toEqual(['a.jpg', 'b.jpg']);
    expect(second.analysed).toEqual(['a.jpg', 'b.jpg']);
  });

  it('forgets the scores of a photo that has changed since', async () => {
    const plan = planOf('abc', ['ab+', 'bc-', 'ac-']);
    await run(plan);

    const { analysed } = await run(plan, { bytes: [11, 10, 10] });

    expect([...analysed].sort()).toEqual(['a.jpg', 'b.jpg', 'c.jpg']);
  });

  it('ignores an incomplete row of a killed run', async () => {
    const plan = planOf('abc', ['ab+', 'bc-']);
    await run(plan);
    const scores = join(folder, 'scores.csv');
    writeFileSync(scores, readFileSync(scores, 'utf8').slice(0, -8));

    const { state, analysed } = await run(plan);

    expect(similaritiesOf(state)).toEqual([0.5, 0.866025]);
    expect([...analysed].sort()).toEqual(['b.jpg', 'c.jpg']);
    expect(readFileSync(scores, 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('stops if the models fail instead of blaming the photo, and keeps its scores', async () => {
    const plan = planOf('abcd', ['ab+', 'cd-']);

    const { failure, state } = await run(plan, {
      fail: (name) => (name === 'd.jpg' ? new VerificationError('model_failure') : undefined),
    });

    expect(failure).toMatchObject({ code: 'model_failure' });
    expect(state.records[3]).toBeUndefined();
    expect(readFileSync(join(folder, 'scores.csv'), 'utf8')).toContain('a.jpg,b.jpg,Yes,0.5');
  });

  it('refuses a folder with the scores of other models', async () => {
    const plan = planOf('ab', ['ab+']);
    await run(plan);

    const reopened = openResultFolder(folder, plan, { identity: { pack: 'other' }, stamps: [] });

    await expect(reopened).rejects.toThrow('other models');
  });

  it('writes no embedding to any file', async () => {
    await run(planOf('abcd', ['ab+', 'cd-'], ['a:bcd+']));

    for (const name of ['photos.csv', 'scores.csv', 'verifications.csv', 'run.json']) {
      expect(existsSync(join(folder, name))).toBe(true);
      for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
        expect(line.split(',').length).toBeLessThan(20);
      }
    }
  });

  it('analyses every photo, even if all its partners have failed', () => {
    const plan = planOf('abx', ['xa+', 'xb-']);
    const state = {
      records: [
        undefined,
        undefined,
        { bytes: 1, modifiedMs: 1, usable: false, code: 'face_not_found' } as const,
      ],
      similarities: new Float64Array(2).fill(Number.NaN),
      verifications: [],
    };

    expect(listNeededPhotos(plan, state)).toEqual([0, 1]);
  });
});
