import { describe, expect, it } from 'vitest';
import { html } from '../../../../../src/cli/pictures/html.js';
import { createState } from '../../../../../tools/evaluate/measure/evaluation-state.js';
import { measure } from '../../../../../tools/evaluate/measure/measure.js';
import { createReportPage } from '../../../../../tools/evaluate/page/report-page.js';
import type { EvaluationReport } from '../../../../../tools/evaluate/results/report.js';
import { planOf } from '../support.js';

function reportOf(change: Partial<EvaluationReport['dataset']> = {}): EvaluationReport {
  const plan = planOf('abc', ['ab+', 'ac-'], ['a:bca+']);
  const state = {
    ...createState(plan),
    similarities: Float64Array.of(0.8, 0.1),
    verifications: [[0.8, 0.7, 0.2] as const],
  };
  state.records[1] = { bytes: 1, modifiedMs: 1, usable: false, code: 'face_not_found' };
  const { report } = measure(plan, state, {
    ...{ datasetName: 'test', threshold: 0.5, now: new Date('2026-11-24T12:00:00Z') },
    source: 'pairs',
    model: {
      pack: 'lite',
      serviceVersion: '1.2.3',
      detector: 'd'.repeat(64),
      recogniser: 'e'.repeat(64),
      settings: { DETECTION_SIZE: 640 },
    },
  });
  return { ...report, dataset: { ...report.dataset, ...change } };
}

const THUMBNAIL = {
  dataUri: 'data:image/jpeg;base64,AAAA',
  ...{ width: 40, height: 50, box: { x: 1, y: 2, width: 3, height: 4 } },
};

describe('createReportPage', () => {
  it('warns of personal data first, and of pictures only if there are any', () => {
    const without = createReportPage(reportOf(), [], new Map());
    const pictured = createReportPage(reportOf(), [], new Map([['a.jpg', THUMBNAIL]]));

    expect(without.indexOf('personal data: file names')).toBeGreaterThan(0);
    expect(without.indexOf('personal data')).toBeLessThan(without.indexOf('<h2>'));
    expect(without).not.toContain('<image');
    expect(pictured).toContain('personal data: pictures of people and file names');
    expect(pictured).toContain('<image href="data:image/jpeg;base64,AAAA"');
  });

  it('begins with the conclusion', () => {
    const page = createReportPage(reportOf(), [], new Map());

    expect(page).toMatch(
      /<h1>[^<]*<\/h1>\s*<p class="conclusion">At threshold 0\.5, none of 1 non-mated pairs matches/,
    );
  });

  it('loads nothing and runs no script', () => {
    const page = createReportPage(
      reportOf(),
      [{ name: 'DET', svg: '<svg/>' }],
      new Map([['a.jpg', THUMBNAIL]]),
    );

    expect(page).not.toMatch(/<script|<link|<iframe|url\(|@import/i);
    for (const [, target] of page.matchAll(/(?:src|href)="([^"]*)"/g)) expect(target).toMatch(/^data:/);
  });

  it('escapes names', () => {
    const page = createReportPage(reportOf({ name: '<img src=x onerror=alert(1)>"&' }), [], new Map());

    expect(page).not.toContain('<img src=x');
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&amp;');
  });

  it('says what is not measurable and what is required', () => {
    const page = createReportPage(reportOf(), [], new Map());

    expect(page).toContain('not measurable with 1 pairs (requires 3,000,000); upper bound 3 / N = 100 %');
  });

  it('names the failures to acquire, the rule, the model and the date', () => {
    const page = createReportPage(reportOf(), [], new Map());

    expect(page).toMatch(/<td>b\.jpg<\/td>\s*<td><code>face_not_found<\/code>/);
    expect(page).toContain('2 of 3');
    expect(page).toContain('d'.repeat(64));
    expect(page).toContain('Measured on 2026-11-24');
  });

  it('uses no misleading word for a score', () => {
    const text = createReportPage(reportOf(), [], new Map()).replace(/<style>.*<\/style>/s, '');

    expect(text).not.toMatch(/accuracy|confidence|probability|impostor|genuine|\bFAR\b|\bFRR\b/i);
  });
});

describe('html', () => {
  it('escapes every value except HTML, and joins lists', () => {
    expect(html`<p title="${'"a"'}">${'<b>'}${[html`<i>${1}</i>`, html`<i>&amp;</i>`]}</p>`.html).toBe(
      '<p title="&quot;a&quot;">&lt;b&gt;<i>1</i>\n<i>&amp;</i></p>',
    );
  });
});
