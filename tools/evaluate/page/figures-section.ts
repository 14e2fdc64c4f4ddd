import { formatRate } from '../../../src/cli/local/format-rate.js';
import { type Html, html } from '../../../src/cli/pictures/html.js';
import type { EvaluationReport, OperatingPoint, Quartiles } from '../results/report.js';
import { ruleOfThree } from '../statistics/binomial-interval.js';
import { formatCount, formatMeasured, formatScore } from './format-rate.js';

/** Returns the table of figures for single pairs. */
export function figuresSection(report: EvaluationReport): Html {
  const { atThreshold, threshold, auc, equalErrorRate, acquisition, similarity, quality } = report;
  const rows: readonly (readonly [string, string])[] = [
    [`FNMR at ${threshold}: mated pairs that do not match`, formatMeasured(atThreshold.fnmr)],
    [`FMR at ${threshold}: non-mated pairs that match`, describeFmr(report)],
    ['Failure to acquire: photos that could not be used', formatMeasured(acquisition)],
    ['Area under the ROC curve (1: no overlap)', auc === null ? 'not measured' : formatArea(auc)],
    [
      'Equal error rate and its threshold',
      equalErrorRate
        ? `${formatRate(equalErrorRate.rate)} at ${formatScore(equalErrorRate.threshold)}`
        : 'not measured',
    ],
    ['Similarity of mated pairs', formatQuartiles(similarity.mated)],
    ['Similarity of non-mated pairs', formatQuartiles(similarity.nonMated)],
    ['Quality of the faces', formatQuartiles(quality)],
  ];
  return html`<h2>Figures</h2>
<table>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</table>
<p class="small">In brackets: the exact 95 % interval for independent trials (Clopper and Pearson) and the counts. Pairs
that share a photo or a person are not independent, so the true rate can be outside, especially with few persons.</p>`;
}

/** Returns the table of thresholds for common false match rates. */
export function operatingPointsSection(report: EvaluationReport): Html {
  const trials = report.pairs.nonMatedScored;
  return html`<h2>Thresholds by false match rate</h2>
<table><thead><tr><th scope="col">target FMR</th><th scope="col">threshold</th><th scope="col">measured FMR</th>
<th scope="col">measured FNMR</th></tr></thead>
${report.operatingPoints.map((point) => pointRow(point, trials))}</table>
<p class="small">A rate is measurable with at least 3 / rate non-mated pairs. With fewer, there can be no errors although the
rate is higher: after none in N trials it can still be 3 / N (rule of three, 95 %).</p>`;
}

function pointRow(point: OperatingPoint, trials: number): Html {
  const wanted = html`<th scope="row">${formatRate(point.fmr)}</th>`;
  if (!point.measurable) {
    const bound = trials === 0 ? '' : `; upper bound 3 / N = ${formatRate(ruleOfThree(trials))}`;
    const text = `not measurable with ${formatCount(trials)} pairs (requires ${formatCount(point.pairsNeeded)})${bound}`;
    return html`<tr>${wanted}<td colspan="3" class="muted">${text}</td></tr>`;
  }
  const { fmr, fnmr } = point.measured;
  return html`<tr>${wanted}<td>${point.threshold.toFixed(4)}</td><td>${formatMeasured(fmr)}</td><td>${formatMeasured(fnmr)}</td></tr>`;
}

function describeFmr({ atThreshold: { fmr }, pairs }: EvaluationReport): string {
  if (fmr.errors > 0 || fmr.trials === 0) return formatMeasured(fmr);
  return `none seen in ${formatCount(fmr.trials)}; at most ${formatRate(ruleOfThree(pairs.nonMatedScored))} (3 / N, 95 %)`;
}

function formatArea(auc: number): string {
  return auc === 1 ? '1' : auc.toPrecision(5);
}

function formatQuartiles(quartiles: Quartiles | null): string {
  if (!quartiles) return 'not measured';
  const [lowest, lower, median, upper, highest] = quartiles.map(formatScore);
  return `median ${median}; half from ${lower} to ${upper}, all from ${lowest} to ${highest}`;
}
