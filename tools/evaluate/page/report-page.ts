import { type Html, html } from '../../../src/cli/pictures/html.js';
import type { EvaluationReport } from '../results/report.js';
import { describeConclusion } from './conclusion.js';
import { figuresSection, operatingPointsSection } from './figures-section.js';
import { formatCount } from './format-rate.js';
import { groupsSection } from './groups-section.js';
import { PAGE_STYLE } from './page-style.js';
import { failuresSection, pairsSection, type Thumbnails } from './pictures-section.js';
import { lfwSection, rulesSection } from './rules-section.js';

/** A chart as an SVG element, and its text alternative. */
export interface DrawnChart {
  readonly name: string;
  readonly svg: string;
}

/** Returns the report as one self-contained HTML file, including charts and pictures. */
export function createReportPage(
  report: EvaluationReport,
  charts: readonly DrawnChart[],
  thumbnails: Thumbnails,
): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Evaluation of ${nameOfModel(report)} on ${report.dataset.name}</title>
<style>${{ html: PAGE_STYLE }}</style>
</head>
<body>
<main>
<h1>Evaluation of ${nameOfModel(report)} on ${report.dataset.name}</h1>
<p class="conclusion">${describeConclusion(report)}</p>
<p>${describeBasis(report)}</p>
${privacyNotice(thumbnails.size > 0)}
${report.dataset.notes.map((note) => html`<p class="notice">${note}</p>`)}
${figuresSection(report)}
${operatingPointsSection(report)}
${rulesSection(report)}
${groupsSection(report)}
${lfwSection(report)}
<h2>Charts</h2>
${charts.map(chartImage)}
${pairsSection(report, thumbnails)}
${failuresSection(report)}
${modelSection(report)}
</main>
</body>
</html>
`;
  return page.html;
}

/** Returns the basis of the figures for the caption of a chart: data set, numbers of pairs, model pack, date. */
export function captionOf(report: EvaluationReport): string {
  const { matedScored, nonMatedScored } = report.pairs;
  const pairs = `${formatCount(matedScored)} mated and ${formatCount(nonMatedScored)} non-mated pairs`;
  return `${report.dataset.name}: ${pairs}; ${report.model ? `model pack ${report.model.pack}` : 'unknown models'}; ${report.createdAt.slice(0, 10)}`;
}

function describeBasis(report: EvaluationReport): string {
  const { dataset, pairs } = report;
  const identical =
    pairs.identical > 0 ? ` ${formatCount(pairs.identical)} pairs of identical files were left out.` : '';
  return (
    `${formatCount(dataset.photos)} photos of ${formatCount(dataset.persons)} persons; ` +
    `${formatCount(pairs.matedScored)} of ${formatCount(pairs.mated)} mated and ` +
    `${formatCount(pairs.nonMatedScored)} of ${formatCount(pairs.nonMated)} non-mated pairs could be scored. ` +
    `Measured on ${report.createdAt.slice(0, 10)}.${identical}`
  );
}

function privacyNotice(hasPictures: boolean): Html {
  const content = hasPictures ? 'pictures of people and file names' : 'file names';
  return html`<p class="notice"><strong>This report contains personal data: ${content}.</strong> Store it where the photos may be
stored, and delete it with them.${hasPictures ? ' --no-pictures makes a report without pictures.' : ''}</p>`;
}

/** Embeds a chart as a separate image, so that its ids do not clash and it can be saved. */
function chartImage({ name, svg }: DrawnChart): Html {
  const uri = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
  return html`<div class="scroll" tabindex="0"><img class="chart" alt="${name}" src="${uri}"></div>`;
}

function modelSection({ model }: EvaluationReport): Html {
  if (!model) return html`<h2>Models</h2><p>The scores come from another program.</p>`;
  const rows = [
    ['model pack', model.pack],
    ['service version', model.serviceVersion],
    ['detector, SHA-256', model.detector],
    ['recogniser, SHA-256', model.recogniser],
    ...Object.entries(model.settings).map(([name, value]) => [name, String(value)]),
  ];
  return html`<h2>Models and settings</h2>
<table>${rows.map(([name = '', value = '']) => html`<tr><th scope="row">${name}</th><td><code>${value}</code></td></tr>`)}</table>`;
}

function nameOfModel({ model }: EvaluationReport): string {
  return model?.pack ?? 'scores';
}
