import type { DashboardRow } from '../dashboard-panel.js';
import { quantile, rate } from '../queries.js';

export const SLOWNESS_ROW: DashboardRow = {
  question: 'What is slow?',
  panels: [
    {
      kind: 'chart',
      title: 'Time of each step, mean of a comparison',
      help: 'Summed over the photos. fetch: image hosts. The others: the vision processes.',
      targets: [
        [
          `sum by (step) (${rate('face_step_duration_seconds_sum')}) / sum by (step) (${rate('face_step_duration_seconds_count')})`,
          '{{step}}',
        ],
      ],
      unit: 's',
      width: 6,
    },
    {
      kind: 'chart',
      title: 'Answer time by route, 95 % of requests',
      help: 'Time until the answer was ready, waiting included.',
      targets: [[quantile(0.95, 'face_http_request_duration_seconds', 'route'), '{{route}}']],
      unit: 's',
      width: 6,
    },
    {
      kind: 'chart',
      title: 'Redis: time of one exchange',
      help: 'A few milliseconds in one network. 1 s: no answer came in time.',
      targets: [['max by (service) (face_redis_response_seconds)', '{{service}}']],
      unit: 's',
      limit: 0.05,
      width: 6,
    },
    {
      kind: 'chart',
      title: 'Event loop delay, 99 %',
      help: 'Above 0.1 s the process has too little CPU.',
      targets: [
        ['max by (service, instance) (nodejs_eventloop_lag_p99_seconds)', '{{service}} {{instance}}'],
      ],
      unit: 's',
      limit: 0.1,
      width: 6,
    },
  ],
};
