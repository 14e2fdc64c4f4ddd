import type { DashboardRow } from '../dashboard-panel.js';
import { rate } from '../queries.js';

export const HEALTH_ROW: DashboardRow = {
  question: 'Is it healthy?',
  panels: [
    {
      kind: 'figure',
      title: 'Redis usable',
      help: 'Programs that can use Redis, of all. Below 100 %: see the runbook, FaceVerificationRedisUnavailable.',
      targets: [['avg(face_redis_up)', 'programs']],
      unit: 'percentunit',
      bounds: { amber: 1, red: 0.99 },
      width: 3,
    },
    {
      kind: 'figure',
      title: 'APIs',
      help: 'APIs that Prometheus reaches.',
      targets: [['count(face_redis_up{service="api"}) or vector(0)', 'APIs']],
      bounds: { amber: 1, red: 0.5 },
      width: 3,
    },
    {
      kind: 'figure',
      title: 'Workers alive',
      help: 'Workers of the packs that APIs send jobs to. A killed worker counts for 15 s more.',
      targets: [['sum(max by (pack) (face_workers))', 'workers']],
      bounds: { amber: 1, red: 0.5 },
      width: 3,
    },
    {
      kind: 'figure',
      title: 'Oldest waiting job',
      help: 'Age of the job that has waited longest for its first start.',
      targets: [['max(face_queue_oldest_job_seconds)', 'age']],
      unit: 's',
      bounds: { amber: 5, red: 30 },
      width: 3,
    },
    {
      kind: 'figure',
      title: 'Comparisons without trouble',
      help: 'Share of comparisons that did not fail because of the service or of an image host.',
      targets: [
        [
          `1 - (sum(${rate('face_comparison_failures_total{fault!="client"}')}) or vector(0)) / sum(${rate('face_comparisons_total')})`,
          'share',
        ],
      ],
      unit: 'percentunit',
      bounds: { amber: 0.99, red: 0.9 },
      width: 3,
    },
    {
      kind: 'figure',
      title: 'Webhook attempts delivered',
      help: 'Share of attempts that the receiver accepted.',
      targets: [
        [
          `sum(${rate('face_webhook_attempts_total{result="delivered"}')}) / sum(${rate('face_webhook_attempts_total')})`,
          'share',
        ],
      ],
      unit: 'percentunit',
      bounds: { amber: 0.95, red: 0.5 },
      width: 3,
    },
    {
      kind: 'list',
      title: 'Alerts that fire',
      help: 'docs/runbook.md has a section for each.',
      targets: [['count by (alertname, severity) (ALERTS{alertstate="firing"})', '']],
      width: 6,
    },
  ],
};
