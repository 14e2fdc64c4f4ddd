import { describe, expect, it } from 'vitest';
import { rateFloor } from '../../../../../tools/evaluate/charts/chart-style.js';
import { drawChart } from '../../../../../tools/evaluate/charts/draw-chart.js';
import { qualityChart } from '../../../../../tools/evaluate/charts/quality-chart.js';
import { ratesChart } from '../../../../../tools/evaluate/charts/rates-chart.js';
import { similarityChart } from '../../../../../tools/evaluate/charts/similarity-chart.js';
import { detChart, rocChart } from '../../../../../tools/evaluate/charts/trade-off-charts.js';
import { traceErrorCurve } from '../../../../../tools/evaluate/statistics/error-curve.js';
import { createScores } from '../../../../../tools/evaluate/statistics/score-sample.js';
import { createScoreSample } from '../support.js';

const mixed = createScoreSample(
  Array.from({ length: 200 }, (_, index) => 0.2 + index / 300),
  Array.from({ length: 400 }, (_, index) => -0.3 + index / 600),
);
const apart = createScoreSample([0.6, 0.8], [0.1, 0.2]);
const caption = 'test: 200 mated and 400 non-mated pairs; model pack lite; 2026-11-24';
const tradeOff = {
  ...{ caption, fmrFloor: 0.001, fnmrFloor: 0.001 },
  inUse: { threshold: 0.5, fmr: 0, fnmr: 0.45 },
};

const textsOf = (svg: string): readonly string[] =>
  [...svg.matchAll(/>([^<]+)<\/(?:text|tspan)>/g)].map(([, text]) => text ?? '');

describe('drawChart', () => {
  it.each([
    ['similarities', similarityChart(mixed, { threshold: 0.5, caption })],
    ['rates', ratesChart([...traceErrorCurve(mixed)], { threshold: 0.5, caption, floor: 0.001 })],
    ['DET', detChart([...traceErrorCurve(mixed)], tradeOff)],
    ['ROC', rocChart([...traceErrorCurve(mixed)], tradeOff)],
    ['DET of kinds that do not overlap', detChart([...traceErrorCurve(apart)], tradeOff)],
    ['qualities', qualityChart(createScores([0.2, 0.9, 1]), caption)],
  ])('draws the %s with captions, axes and no broken number', async (_, spec) => {
    const svg = await drawChart(spec);

    expect(svg).toMatch(/^<svg/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg).not.toMatch(/<script|xlink:href="http/);
    expect(textsOf(svg)).toContain(caption);
    expect(textsOf(svg).length).toBeGreaterThan(8);
  });

  it('marks the threshold in use in every chart of error rates', async () => {
    const specs = [
      similarityChart(mixed, { threshold: 0.42, caption }),
      ratesChart([...traceErrorCurve(mixed)], { threshold: 0.42, caption, floor: 0.001 }),
      detChart([...traceErrorCurve(mixed)], { ...tradeOff, inUse: { ...tradeOff.inUse, threshold: 0.42 } }),
    ];

    for (const spec of specs) expect(textsOf(await drawChart(spec))).toContain('threshold in use: 0.42');
  });

  it('keeps the name of a high threshold inside the chart', async () => {
    const spec = similarityChart(mixed, { threshold: 0.95, caption });

    expect(await drawChart(spec)).toMatch(/text-anchor="end"[^>]*>threshold in use: 0.95</);
  });

  it('continues the FNMR to the highest threshold, where no mated pair matches', () => {
    const { layer } = ratesChart([...traceErrorCurve(apart)], { threshold: 0.5, caption, floor: 0.01 });

    const [{ data }] = layer as [{ data: { values: { threshold: number; rate: number }[] } }];
    expect(data.values).toContainEqual(expect.objectContaining({ threshold: 1, rate: 1 }));
  });

  it('has readable axes with a single pair of each kind', async () => {
    const single = createScoreSample([0.7], [-0.1]);
    const options = { caption, fmrFloor: rateFloor(1), fnmrFloor: rateFloor(1) };
    const inUse = { threshold: 0.5, fmr: 0, fnmr: 0 };

    const rates = ratesChart([...traceErrorCurve(single)], { threshold: 0.5, caption, floor: rateFloor(1) });
    const det = detChart([...traceErrorCurve(single)], { ...options, inUse });

    for (const spec of [rates, det]) {
      expect(textsOf(await drawChart(spec))).toEqual(expect.arrayContaining(['1 %', '10 %', '100 %']));
    }
    const texts = textsOf(await drawChart(similarityChart(single, { threshold: 0.5, caption })));
    expect(texts).toEqual(expect.arrayContaining(['1 mated pair', '1 non-mated pair']));
  });

  it('shows and labels a rate of zero on a logarithmic axis', async () => {
    const texts = textsOf(await drawChart(detChart([...traceErrorCurve(apart)], tradeOff)));

    expect(texts.filter((text) => text === '0')).toHaveLength(2);
    expect(texts.filter((text) => text === '0.1 %')).toHaveLength(2);
  });

  it('names both kinds of pair with their numbers', async () => {
    const texts = textsOf(await drawChart(similarityChart(mixed, { threshold: 0.5, caption })));

    expect(texts).toContain('200 mated pairs');
    expect(texts).toContain('400 non-mated pairs');
  });
});

describe('rateFloor', () => {
  it.each([
    [1, 0.01],
    [38, 0.01],
    [300, 0.001],
    [1_000, 0.001],
    [29_600_000, 1e-8],
  ])('of %d pairs is %d', (pairs, decade) => {
    expect(rateFloor(pairs)).toBeCloseTo(decade, 12);
  });
});
