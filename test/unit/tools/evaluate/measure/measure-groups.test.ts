import { describe, expect, it } from 'vitest';
import { createState } from '../../../../../tools/evaluate/measure/evaluation-state.js';
import { type MeasureOptions, measure } from '../../../../../tools/evaluate/measure/measure.js';
import { createReportPage } from '../../../../../tools/evaluate/page/report-page.js';
import type { EvaluationPlan, PhotoPair } from '../../../../../tools/evaluate/plan/evaluation-plan.js';
import { NO_GROUP } from '../../../../../tools/evaluate/plan/read-groups.js';
import { faceOf, planOf } from '../support.js';

const STAMP = { bytes: 1, modifiedMs: 1 };

function optionsWith(names: readonly string[], groupOf: readonly number[]): MeasureOptions {
  return {
    ...{ datasetName: 'test', source: 'pairs', model: undefined, threshold: 0.5 },
    now: new Date('2026-11-28T12:00:00Z'),
    groups: { names, groupOf: Int16Array.from(groupOf), notes: ['A note.'] },
  };
}

/** Two photos of each person; the first half of the persons in group x, the others in y. Similarities are `scoreOf`. */
function populate(persons: number, scoreOf: (pair: PhotoPair) => number) {
  const photos = Array.from({ length: persons * 2 }, (_, photo) => `${photo}.jpg`);
  const personOf = Uint32Array.from(photos, (_, photo) => Math.floor(photo / 2));
  const pairs: PhotoPair[] = [];
  for (const probe of photos.keys())
    for (let reference = probe + 1; reference < photos.length; reference++)
      pairs.push({ probe, reference, mated: personOf[probe] === personOf[reference] });
  const plan: EvaluationPlan = { ...planOf('', []), photos, personOf, pairs };
  const state = { ...createState(plan), similarities: Float64Array.from(pairs, scoreOf) };
  for (const [photo, name] of photos.entries())
    state.records[photo] = { ...STAMP, usable: true, face: faceOf(name) };
  return { plan, state, groupOf: photos.map((_, photo) => (photo < persons ? 0 : 1)) };
}

describe('measure with groups', () => {
  it('counts errors within each group and between two, and leaves out photos without a group', () => {
    // Ann (a, b) and Bob (c, d) are in x, Cid (e, f) in y, g in no group.
    const plan = planOf('abcdefg', ['ab+', 'cd+', 'ef+', 'ac-', 'bd-', 'ae-', 'cf-', 'be-', 'ag-', 'eg-']);
    const similarities = Float64Array.of(0.9, 0.4, 0.8, 0.6, 0.1, 0.7, 0.2, Number.NaN, 0.9, 0.9);

    const { groups } = measure(
      plan,
      { ...createState(plan), similarities },
      optionsWith(['x', 'y'], [0, 0, 0, 0, 1, 1, NO_GROUP]),
    ).report;

    const [x, y] = groups?.each ?? [];
    expect(x).toMatchObject({ name: 'x', persons: 2, photos: 4 });
    expect(x?.at[0]).toMatchObject({
      ...{ threshold: 0.5, fnmr: { errors: 1, trials: 2 }, fmr: { errors: 1, trials: 2 } },
    });
    expect(y?.at[0]).toMatchObject({ fnmr: { errors: 0, trials: 1 }, fmr: { trials: 0, rate: null } });
    expect(groups?.between).toMatchObject([
      { groups: ['x', 'y'], at: [{ fmr: { errors: 1, trials: 2 }, fnmr: { trials: 0 } }] },
    ]);
  });

  it('counts failures to acquire by group', () => {
    const { plan, state, groupOf } = populate(4, () => 0.1);
    state.records[0] = { ...STAMP, usable: false, code: 'face_not_found' };

    const { groups } = measure(plan, state, optionsWith(['x', 'y'], groupOf)).report;

    expect(groups?.each.map(({ acquisition }) => [acquisition.errors, acquisition.trials])).toEqual([
      [1, 4],
      [0, 4],
    ]);
    expect(groups?.each[0]?.acquisition.interval.low).toBeGreaterThan(0);
  });

  it('judges all groups at the same thresholds: the one in use and those of the measurable rates', () => {
    // Pairs within x are more alike than all others.
    const { plan, state, groupOf } = populate(40, ({ probe, reference, mated }) => {
      const noise = ((probe * 37 + reference * 101) % 1_000) / 5_000;
      return mated ? 0.8 + noise : noise + (reference < 40 ? 0.3 : 0);
    });

    const { groups, operatingPoints } = measure(plan, state, optionsWith(['x', 'y'], groupOf)).report;

    const strict = operatingPoints.find(({ fmr }) => fmr === 0.01);
    expect(groups?.thresholds).toEqual([
      { threshold: 0.5, fmr: null },
      { threshold: strict?.measurable && strict.threshold, fmr: 0.01 },
      expect.objectContaining({ fmr: 0.001 }),
    ]);
    const [x, y] = groups?.each ?? [];
    expect(x?.at[1]?.fmr.rate).toBeGreaterThan(0.03);
    expect(y?.at[1]?.fmr.errors).toBe(0);
    expect(groups?.between[0]?.at[1]?.fmr.errors).toBe(0);
  });

  it('says in the figures and on the page which group is too small, and in what', () => {
    const { plan, state, groupOf } = populate(320, ({ mated }) => (mated ? 0.9 : 0.1));
    const inThree = groupOf.map((group, photo) => (photo < 20 ? 2 : group));

    const { report } = measure(plan, state, optionsWith(['x', 'y', '<z>'], inThree));
    const page = createReportPage(report, [], new Map());

    expect(report.groups?.each.map(({ tooSmall }) => tooSmall)).toEqual([
      ['150 mated pairs (300 required)'],
      ['160 mated pairs (300 required)'],
      [
        ...['10 persons (30 required)', '20 photos (300 required)', '10 mated pairs (300 required)'],
        '180 non-mated pairs (30,000 required)',
      ],
    ]);
    expect(page).toContain('Too small to judge: x, y, &lt;z&gt;.');
    expect(page).toContain('&lt;z&gt; has 10 persons (30 required)');
    expect(page).toContain('A note.');
    expect(page).toMatch(/x with y/);
  });

  it('says nothing about groups if none were given', () => {
    const { plan, state } = populate(2, () => 0.1);
    const { groups: _, ...options } = optionsWith([], []);

    const { report } = measure(plan, state, options);

    expect(report.groups).toBeUndefined();
    expect(createReportPage(report, [], new Map())).not.toContain('<h2>Groups</h2>');
  });
});
