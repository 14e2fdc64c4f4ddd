import { formatRate } from '../../../src/cli/local/format-rate.js';
import { type Html, html } from '../../../src/cli/pictures/html.js';
import type { EvaluationReport, RuleOutcome } from '../results/report.js';
import { formatCount, formatMeasured, formatScore } from './format-rate.js';

/** Returns the table of whole verifications: three probes against a reference. */
export function rulesSection({ rules, threshold }: EvaluationReport): Html {
  const attempts = rules.reduce((sum, rule) => sum + countAttempts(rule), 0);
  if (attempts === 0) {
    return html`<h2>Whole verifications</h2>
<p>Not measured: this requires a person with four photos, or one with three photos and another person.</p>`;
  }
  return html`<h2>Whole verifications</h2>
<table><thead><tr><th scope="col">rule</th><th scope="col">mated but not matched</th>
<th scope="col">non-mated but matched</th><th scope="col">undecided</th></tr></thead>
${rules.map(ruleRow)}</table>
<p class="small">Real attempts at threshold ${threshold}: three photos of one person against one reference, decided by the
service's rule. These are not products of the rates of single pairs, because errors of three photos of one person are
correlated. Undecided: a photo could not be used and might have changed the outcome, so the service answers with an error.</p>`;
}

function ruleRow({ minMatches, mated, nonMated, falseNonMatches, falseMatches }: RuleOutcome): Html {
  const undecided = `${formatCount(mated.undecided)} mated, ${formatCount(nonMated.undecided)} non-mated`;
  return html`<tr><th scope="row">${minMatches} of 3</th><td>${formatMeasured(falseNonMatches)}</td>
<td>${formatMeasured(falseMatches)}</td><td>${undecided}</td></tr>`;
}

function countAttempts({ mated, nonMated }: RuleOutcome): number {
  return [mated, nonMated].reduce(
    (sum, count) => sum + count.matched + count.notMatched + count.undecided,
    0,
  );
}

/** Returns the result of the LFW protocol, or nothing for other data. */
export function lfwSection({ lfw }: EvaluationReport): Html {
  if (!lfw) return html``;
  const mean = (lfw.meanAccuracy * 100).toFixed(2);
  const error = (lfw.standardError * 100).toFixed(2);
  return html`<h2>Labeled Faces in the Wild, View 2</h2>
<p><strong>Mean accuracy ± standard error over ${lfw.folds.length} folds: ${mean} ± ${error} %</strong> (the protocol's own name for
it). Each fold is judged at the threshold that is best on the others. A pair with an unusable photo counts as wrong. The
models were trained outside the protocol ("unrestricted, with labeled outside data"); only their publishers know whether
on photos of the same people.</p>
<table><thead><tr><th scope="col">fold</th><th scope="col">threshold</th><th scope="col">correct</th></tr></thead>
${lfw.folds.map(
  ({ fold, threshold, accuracy }) =>
    html`<tr><th scope="row">${fold}</th><td>${formatScore(threshold)}</td><td>${formatRate(accuracy)}</td></tr>`,
)}</table>`;
}
