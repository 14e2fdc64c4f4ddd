import type { DashboardRow } from '../dashboard-panel.js';
import { rate } from '../queries.js';

/** Over the whole time that the dashboard shows. */
const total = (metric: string): string => `increase(${metric}[$__range])`;
const RESULTS = ['matched', 'not_matched', 'could_not_tell'];
const CHANGED = RESULTS.map(
  (result) => `sum(${total(`face_shadow_comparisons_total{live="${result}",shadow!="${result}"}`)})`,
).join(' + ');

export const SHADOW_ROW: DashboardRow = {
  question: 'What would the shadow change?',
  panels: [
    {
      kind: 'figure',
      title: 'Comparisons with both packs',
      help: 'In the time that the dashboard shows. Choose the time since the trial began.',
      target: [`sum(${total('face_shadow_comparisons_total')})`, 'comparisons'],
      width: 3,
    },
    {
      kind: 'figure',
      title: 'Of these would change',
      help: 'Comparisons that would end differently with the shadow. docs/shadow.md says how to read it.',
      target: [CHANGED, 'would change'],
      width: 3,
    },
    {
      kind: 'chart',
      title: 'Changes by kind',
      help: 'live, then shadow. matched, not_matched: these people would be refused.',
      targets: RESULTS.map((result) => [
        `sum by (live, shadow) (${rate(`face_shadow_comparisons_total{live="${result}",shadow!="${result}"}`)})`,
        '{{live}}, {{shadow}}',
      ]),
      unit: 'reqps',
      width: 6,
    },
    {
      kind: 'chart',
      title: 'Similarity of the shadow minus live, 5 %, 50 % and 95 % of fronts',
      help: 'Far from 0: the packs have different scales, and the shadow needs a threshold of its own.',
      targets: [0.05, 0.5, 0.95].map((share) => [
        `histogram_quantile(${share}, sum by (le) (${rate('face_shadow_similarity_difference_bucket')}))`,
        `${share * 100} %`,
      ]),
      width: 6,
    },
    {
      kind: 'chart',
      title: 'Comparisons that the shadow did not count',
      help: 'full, photos, expired: it is too slow or gone; nobody else is affected.',
      targets: [
        [`sum by (result) (${rate('face_shadow_offers_total{result!="queued"}')})`, '{{result}}'],
        [`sum by (reason) (${rate('face_shadow_not_compared_total')})`, '{{reason}}'],
        ['max(face_shadow_waiting)', 'waiting'],
      ],
      width: 6,
    },
  ],
};
