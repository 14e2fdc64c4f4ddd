import type { DashboardRow } from '../dashboard-panel.js';
import { rate } from '../queries.js';

export const WEBHOOK_ROW: DashboardRow = {
  question: 'Are webhooks delivered?',
  panels: [
    {
      kind: 'chart',
      title: 'Webhook attempts by result',
      help: 'retry: failed, and repeated later. The other failures are final: GET /webhooks/failed lists them.',
      targets: [[`sum by (result) (${rate('face_webhook_attempts_total')})`, '{{result}}']],
      unit: 'reqps',
      width: 12,
    },
    {
      kind: 'chart',
      title: 'Webhooks that wait',
      help: 'For their delivery or for the next attempt.',
      targets: [['max(face_webhooks_waiting)', 'waiting']],
      width: 12,
    },
  ],
};
