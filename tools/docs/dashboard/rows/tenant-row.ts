import type { DashboardRow } from '../dashboard-panel.js';
import { rate } from '../queries.js';

export const TENANT_ROW: DashboardRow = {
  question: 'Which tenant floods?',
  panels: [
    {
      kind: 'chart',
      title: 'Waiting jobs by API key',
      help: 'Jobs that wait for their first start. Keys take turns, so one that floods delays itself most.',
      targets: [['sum by (key) (max by (pack, key) (face_queue_waiting_jobs))', '{{key}}']],
      width: 8,
    },
    {
      kind: 'chart',
      title: 'Requests by API key',
      help: 'All requests, served or not.',
      targets: [[`sum by (key) (${rate('face_requests_by_key_total')})`, '{{key}}']],
      unit: 'reqps',
      width: 8,
    },
    {
      kind: 'chart',
      title: 'Requests refused or limited, by API key',
      help: 'limited: over the rate limit. refused: any other error.',
      targets: [
        [
          `sum by (key, outcome) (${rate('face_requests_by_key_total{outcome!="served"}')})`,
          '{{key}} {{outcome}}',
        ],
      ],
      unit: 'reqps',
      width: 8,
    },
  ],
};
