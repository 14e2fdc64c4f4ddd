import type { DashboardRow, FigurePanel } from '../dashboard-panel.js';
import { share } from '../queries.js';

const UP = 'up{job="face-verification"}';
/** Programs of the last day that this condition on their targets holds for. */
const programs = (condition: string): string =>
  `max by (service, instance) (last_over_time(face_redis_up[1d])) and on (instance) (${condition})`;
/** Half of the last ten minutes there were as many or more, so a rollout that adds some for a while changes nothing. */
const USUAL = 'quantile_over_time(0.5, count by (service) (face_redis_up)[10m:15s])';
const AS_MANY_AS_USUAL = `count by (service) (face_redis_up) >= on (service) ${USUAL}`;
/**
 * Programs that Prometheus knows but does not reach, and those whose target was removed in the last 5 minutes, unless
 * others have replaced them.
 */
const GONE =
  `${programs(`${UP} == 0`)} or ${programs(`last_over_time(${UP}[5m]) unless ${UP}`)}` +
  ` unless on (service) (${AS_MANY_AS_USUAL})`;
/** Workers whose models at most half of their pack has, and workers of a pack that no API uses. */
const WRONG =
  'max by (service, instance) (face_model_info and on (pack, detector, recogniser)' +
  ' (2 * count by (pack, detector, recogniser) (face_model_info)' +
  ' <= on (pack) group_left () count by (pack) (face_model_info))' +
  ' or face_model_info unless on (pack) face_workers and on () count(face_workers))';
const named = (query: string, what: string): string => `label_replace(${query}, "what", "${what}", "", "")`;
/** Jobs of a key with all packs. All APIs of a pack report the same. */
const WAITING = 'sum by (key) (max by (pack, key) (face_queue_waiting_jobs))';
/** As the alert. */
const FLOODING =
  `${WAITING} > 100 and ${WAITING} > on () group_left () (0.8 * sum(${WAITING}))` +
  ` and on () count(${WAITING}) > 1`;

const tile = (parts: Omit<FigurePanel, 'kind' | 'width'>): FigurePanel => ({
  kind: 'figure',
  width: 4,
  ...parts,
});

/** One tile for each party that can be at fault, those that take the others along first. */
export const HEALTH_ROW: DashboardRow = {
  question: 'Is it healthy? The first tile that is not green names the fault',
  panels: [
    tile({
      title: 'Redis usable',
      help: 'Programs that can use Redis, of all. Below 100 %: FaceVerificationRedisUnavailable in the runbook.',
      target: ['avg(face_redis_up)', 'programs'],
      unit: 'percentunit',
      bounds: { worse: 'below', red: 1 },
    }),
    tile({
      title: 'Redis answers in',
      help: 'Mean time of one exchange, of the program for which it is longest. A comparison needs many.',
      target: ['max(avg_over_time(face_redis_response_seconds[$__rate_interval]))', 'time'],
      unit: 's',
      bounds: { worse: 'above', red: 0.05 },
    }),
    tile({
      title: 'APIs that answer',
      help: 'APIs that Prometheus reaches.',
      target: ['count(face_redis_up{service="api"}) or vector(0)', 'APIs'],
      bounds: { worse: 'below', red: 1 },
    }),
    tile({
      title: 'Workers alive',
      help: 'Workers of the packs that APIs send jobs to. A killed worker counts for 15 s more.',
      target: ['sum(max by (pack) (face_workers))', 'workers'],
      bounds: { worse: 'below', red: 1 },
    }),
    tile({
      title: 'Programs gone',
      help: 'They do not answer Prometheus, or were removed in the last 5 minutes and not replaced. The list below names them. Normal after you removed some.',
      target: [`count(${GONE}) or vector(0)`, 'programs'],
      bounds: { worse: 'above', amber: 1 },
    }),
    tile({
      title: 'Workers with wrong models',
      help: 'Other files than most workers of their pack, or a pack that no API uses. The list below names them. Normal only while the model changes.',
      target: [`count(${WRONG}) or vector(0)`, 'workers'],
      bounds: { worse: 'above', red: 1 },
    }),
    tile({
      title: 'Oldest waiting job',
      help: 'Age of the job that has waited longest for its first start.',
      target: ['max(face_queue_oldest_job_seconds)', 'age'],
      unit: 's',
      bounds: { worse: 'above', amber: 5, red: 30 },
    }),
    tile({
      title: 'Jobs of an API key that floods',
      help: 'A key floods if it has more than 100 waiting jobs and four fifths of all.',
      target: [`(${FLOODING}) or on () label_replace(vector(0), "key", "no key floods", "", "")`, '{{key}}'],
      named: true,
      bounds: { worse: 'above', amber: 1 },
    }),
    tile({
      title: 'Failures by image hosts',
      help: 'Share of comparisons that end because a photo cannot be downloaded. The image hosts have to act.',
      target: [share('face_comparison_failures_total{fault="upstream"}', 'face_comparisons_total'), 'share'],
      unit: 'percentunit',
      bounds: { worse: 'above', amber: 0.05, red: 0.2 },
    }),
    tile({
      title: 'Failures by webhook receivers',
      help: 'Share of webhook attempts that the receiver did not accept. The receivers have to act.',
      target: [
        share('face_webhook_attempts_total{result!="delivered"}', 'face_webhook_attempts_total'),
        'share',
      ],
      unit: 'percentunit',
      bounds: { worse: 'above', amber: 0.05, red: 0.5 },
    }),
    tile({
      title: 'Failures by the service itself',
      help: 'Share of comparisons that end because of a bug, a failing model or a missed deadline.',
      target: [share('face_comparison_failures_total{fault="service"}', 'face_comparisons_total'), 'share'],
      unit: 'percentunit',
      bounds: { worse: 'above', amber: 0.001, red: 0.01 },
    }),
    tile({
      title: 'Requests with 500, 503 or 504',
      help: 'Share of requests. Often the consequence of a tile before this one.',
      target: [share('face_http_requests_total{status=~"500|503|504"}', 'face_http_requests_total'), 'share'],
      unit: 'percentunit',
      bounds: { worse: 'above', amber: 0.01, red: 0.05 },
    }),
    {
      kind: 'list',
      title: 'Alerts that fire',
      help: 'docs/runbook.md has a section for each.',
      query:
        'max by (severity, alert, concerns, turn) (label_join(label_replace(ALERTS{alertstate="firing"},' +
        ' "alert", "$1", "alertname", "FaceVerification(.+)"), "concerns", " ", "key", "pack", "service", "instance"))',
      columns: [
        ['severity', 'severity'],
        ['alert', 'alert'],
        ['concerns', 'concerns'],
        ['turn', 'who has to act'],
      ],
      height: 7,
      width: 14,
    },
    {
      kind: 'list',
      title: 'Programs gone or with wrong models, by name',
      help: 'gone: does it still run? Then look at the port and the network. A dead worker costs no job: another takes it over. wrong models: stop it. Two of one pack without a third: compare "Models of the workers" with the release.',
      query: `${named(GONE, 'gone')} or ${named(WRONG, 'wrong models')}`,
      columns: [
        ['service', 'program'],
        ['instance', 'address'],
        ['what', 'what'],
      ],
      height: 7,
      width: 10,
    },
  ],
};
