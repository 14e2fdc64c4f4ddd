/** A query and the legend of its series; `{{label}}` inserts the value of a label. */
type Target = readonly [query: string, legend: string];

/** How a figure is coloured: green below or above the first bound, red beyond the second. */
export interface Bounds {
  readonly amber: number;
  readonly red: number;
}

export interface DashboardPanel {
  /** `figure`: the last value; `chart`: lines over time; `list`: the series that exist now, as a table of labels. */
  readonly kind: 'figure' | 'chart' | 'list';
  readonly title: string;
  /** What a reader concludes from it. */
  readonly help: string;
  readonly targets: readonly Target[];
  /** One of Grafana's units; default: a plain number. */
  readonly unit?: 's' | 'percentunit' | 'reqps' | 'bytes';
  readonly bounds?: Bounds;
  /** Of 24 columns. */
  readonly width: number;
}

/** A question of the operator, and the panels that answer it. */
export interface DashboardRow {
  readonly question: string;
  readonly panels: readonly DashboardPanel[];
}

/** The window of rates follows the zoom of the dashboard. */
const rate = (metric: string): string => `rate(${metric}[$__rate_interval])`;
const quantile = (share: number, metric: string, label: string): string =>
  `histogram_quantile(${share}, sum by (le, ${label}) (${rate(`${metric}_bucket`)}))`;

/** CPU time of one comparison in vision processes, without downloads, s. */
const VISION_SECONDS = 'sum(rate(face_step_duration_seconds_sum{step!="fetch"}[10m]))';
const COMPARISONS = 'sum(rate(face_comparisons_total[10m]))';
/** All APIs report the same queue. */
const WAITING = 'sum(max by (state) (face_queue_jobs{state=~"waiting|prioritized"}))';
/** Workers that would do what arrives, not only what the present ones manage, with processes busy 70 % of the time. */
const WORKERS_NEEDED =
  `ceil((${COMPARISONS} + clamp_min(deriv(${WAITING}[10m:30s]), 0)) * ${VISION_SECONDS} / ${COMPARISONS}` +
  ' / avg(face_vision_processes) / 0.7)';

export const DASHBOARD_ROWS: readonly DashboardRow[] = [
  {
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
  },
  {
    question: 'How long do jobs wait?',
    panels: [
      {
        kind: 'chart',
        title: 'Wait before the start, 50 % and 95 % of jobs',
        help: 'sync: a caller waits for the answer; these jobs go first.',
        targets: [
          [quantile(0.5, 'face_queue_wait_seconds', 'sync'), '50 %, sync {{sync}}'],
          [quantile(0.95, 'face_queue_wait_seconds', 'sync'), '95 %, sync {{sync}}'],
        ],
        unit: 's',
        width: 6,
      },
      {
        kind: 'chart',
        title: 'Oldest waiting job by pack',
        help: 'A line that climbs one second a second: no job of this pack starts.',
        targets: [['max by (pack) (face_queue_oldest_job_seconds)', '{{pack}}']],
        unit: 's',
        width: 6,
      },
      {
        kind: 'chart',
        title: 'Jobs by state',
        help: 'prioritized and waiting jobs wait, delayed ones wait for a retry or a slow image host, active ones run.',
        targets: [['max by (state) (face_queue_jobs{state!="ended"})', '{{state}}']],
        width: 6,
      },
      {
        kind: 'chart',
        title: 'Uploaded photos in Redis',
        help: 'Photos of jobs that have not ended. At UPLOAD_MEMORY_LIMIT, requests with photos get 503.',
        targets: [['max(face_uploads_stored_bytes)', 'stored']],
        unit: 'bytes',
        width: 6,
      },
    ],
  },
  {
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
        width: 6,
      },
    ],
  },
  {
    question: 'Which tenant floods?',
    panels: [
      {
        kind: 'chart',
        title: 'Waiting jobs by API key',
        help: 'Jobs that wait for their first start. Keys take turns, so one that floods delays itself most.',
        targets: [['max by (key) (face_queue_waiting_jobs)', '{{key}}']],
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
  },
  {
    question: 'Why do comparisons fail, and whose turn is it?',
    panels: [
      {
        kind: 'chart',
        title: 'Comparisons by result',
        help: 'A sudden change of the share of matches: look at the models of the workers.',
        targets: [
          [
            `sum by (result) (${rate('face_comparisons_total{result=~"matched|not_matched"}')})`,
            '{{result}}',
          ],
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
          [`sum by (code, reason) (${rate('face_comparison_failures_total')})`, '{{code}} {{reason}}'],
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
  },
  {
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
  },
  {
    question: 'How many workers are there, and how many are needed?',
    panels: [
      {
        kind: 'chart',
        title: 'Workers alive and needed',
        help: 'Needed: for all jobs that arrive, with vision processes busy 70 % of the time. No line while no comparison ends.',
        targets: [
          ['max by (pack) (face_workers)', 'alive, {{pack}}'],
          [WORKERS_NEEDED, 'needed'],
        ],
        width: 6,
      },
      {
        kind: 'chart',
        title: 'Vision processes busy',
        help: 'Above 70 %, waits grow quickly: add workers.',
        targets: [[`${VISION_SECONDS} / sum(face_vision_processes)`, 'busy']],
        unit: 'percentunit',
        width: 6,
      },
      {
        kind: 'list',
        title: 'Models of the workers',
        help: 'One row for each set of models, by SHA-256. Two rows of one pack: stop the workers that are wrong.',
        targets: [['count by (pack, detector, recogniser) (face_model_info)', '']],
        width: 6,
      },
      {
        kind: 'chart',
        title: 'Losses in 15 minutes',
        help: 'Targets down: programs that Prometheus knows but does not reach.',
        targets: [
          ['sum(increase(face_jobs_stalled_total[15m]))', 'jobs that lost their worker'],
          ['sum(increase(face_jobs_abandoned_total[15m]))', 'jobs given up'],
          ['sum(increase(face_vision_restarts[15m]))', 'vision processes'],
          ['count(up{job="face-verification"} == 0) or vector(0)', 'targets down'],
        ],
        width: 6,
      },
    ],
  },
];
