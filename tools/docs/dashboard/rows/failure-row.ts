import type { DashboardRow } from '../dashboard-panel.js';
import { rate } from '../queries.js';

export const FAILURE_ROW: DashboardRow = {
  question: 'Why do comparisons fail, and whose turn is it?',
  panels: [
    {
      kind: 'chart',
      title: 'Comparisons by result',
      help: 'A sudden change of the share of matches: look at the models of the workers.',
      targets: [
        [`sum by (result) (${rate('face_comparisons_total{result=~"matched|not_matched"}')})`, '{{result}}'],
        [`sum(${rate('face_comparisons_total{result!~"matched|not_matched"}')})`, 'no decision'],
      ],
      unit: 'reqps',
      width: 6,
    },
    {
      kind: 'chart',
      title: 'Without a decision, by who has to act',
      help: 'client: the caller or the photo. upstream: an image host. service: you.',
      targets: [[`sum by (fault) (${rate('face_comparison_failures_total')})`, '{{fault}}']],
      unit: 'reqps',
      width: 6,
    },
    {
      kind: 'chart',
      title: 'Without a decision, by code and reason',
      help: 'docs/errors.md explains codes and reasons.',
      targets: [
        [`sum by (code, reason) (${rate('face_comparison_failures_total')}) > 0`, '{{code}} {{reason}}'],
      ],
      unit: 'reqps',
      width: 6,
    },
    {
      kind: 'chart',
      title: 'Unusable photos by code and reason',
      help: 'A comparison can be decided although a photo is unusable.',
      targets: [[`sum by (code, reason) (${rate('face_unusable_images_total')})`, '{{code}} {{reason}}']],
      unit: 'reqps',
      width: 6,
    },
  ],
};
