import { formatRate } from '../../../src/cli/local/format-rate.js';
import { type Html, html } from '../../../src/cli/pictures/html.js';
import type { EvaluationReport, GroupReport } from '../results/report.js';
import { formatCount, formatMeasured } from './format-rate.js';

/** FMR whose threshold the page shows beside the one in use; report.json has all. */
const SHOWN_FMR = 1e-4;

/** Returns the error rates of groups of people, or nothing if no groups were given. */
export function groupsSection({ groups }: EvaluationReport): Html {
  if (!groups) return html``;
  const shown = groups.thresholds.flatMap(({ fmr }, index) =>
    fmr === null || fmr === SHOWN_FMR ? [index] : [],
  );
  return html`<h2>Groups</h2>
${smallNotice(groups)}
${groups.notes.map((note) => html`<p class="notice">${note}</p>`)}
${shown.map((index) => rateTable(groups, index))}
<p class="small">Every group is judged at the same threshold. Two rates differ if their intervals do not overlap; overlapping
intervals prove nothing, least of all for few persons. Non-mated pairs within a group are usually more alike than those between
groups, so an FMR over all pairs hides the group with the most false matches.</p>`;
}

function smallNotice({ each }: GroupReport): Html {
  const small = each.filter(({ tooSmall }) => tooSmall.length > 0);
  if (small.length === 0) return html``;
  return html`<p class="notice"><strong>Too small to judge: ${small.map(({ name }) => name).join(', ')}.</strong>
${small.map(({ name, tooSmall }) => `${name} has ${tooSmall.join(', ')}.`).join(' ')}</p>`;
}

function rateTable(groups: GroupReport, index: number): Html {
  const { threshold = 0, fmr = null } = groups.thresholds[index] ?? {};
  const origin = fmr === null ? 'the threshold in use' : `an FMR of ${formatRate(fmr)} over all pairs`;
  return html`<h3>At ${threshold}: ${origin}</h3>
<table><thead><tr><th scope="col">group</th><th scope="col">FMR</th><th scope="col">FNMR</th>
<th scope="col">failure to acquire</th></tr></thead>
${groups.each.map(({ name, persons, photos, at, acquisition, tooSmall }) => {
  const size = `${formatCount(persons)} persons, ${formatCount(photos)} photos${warn(tooSmall)}`;
  return html`<tr><th scope="row">${name}<br><span class="small">${size}</span></th><td>${measured(at[index]?.fmr)}</td>
<td>${measured(at[index]?.fnmr)}</td><td>${formatMeasured(acquisition)}</td></tr>`;
})}
${groups.between.map(({ groups: [one, other], at, tooSmall }) => {
  const fnmr = at[index]?.fnmr.trials ? measured(at[index]?.fnmr) : '';
  return html`<tr><th scope="row">${one} with ${other}<span class="small">${warn(tooSmall)}</span></th>
<td>${measured(at[index]?.fmr)}</td><td>${fnmr}</td><td></td></tr>`;
})}</table>`;
}

const measured = (rate: Parameters<typeof formatMeasured>[0] | undefined): string =>
  rate ? formatMeasured(rate) : 'not measured';

const warn = (tooSmall: readonly string[]): string => (tooSmall.length > 0 ? ', too small' : '');
