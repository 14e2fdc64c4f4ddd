import type { DashboardRow } from '../dashboard-panel.js';

/** CPU time of one comparison in vision processes, without downloads, s. */
const VISION_SECONDS = 'sum(rate(face_step_duration_seconds_sum{step!="fetch"}[10m]))';
const COMPARISONS = 'sum(rate(face_comparisons_total[10m]))';
/** All APIs report the same queue. */
const WAITING = 'sum(max by (pack, state) (face_queue_jobs{state=~"waiting|prioritized"}))';
/** Workers that would do what arrives, not only what the present ones manage, with processes busy 70 % of the time. */
const WORKERS_NEEDED =
  `ceil((${COMPARISONS} + clamp_min(deriv(${WAITING}[10m:30s]), 0)) * ${VISION_SECONDS} / ${COMPARISONS}` +
  ' / avg(face_vision_processes) / 0.7)';

/** Enough of a digest to tell files apart. */
const shortened = (label: string, query: string): string =>
  `label_replace(${query}, "${label}", "$1", "${label}", "(.{12}).*")`;

export const WORKER_ROW: DashboardRow = {
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
      limit: 0.7,
      width: 6,
    },
    {
      kind: 'list',
      title: 'Models of the workers',
      help: 'One row for each set of models, by SHA-256. Two rows of one pack: stop the workers that are wrong.',
      query: `count by (pack, detector, recogniser) (${shortened('detector', shortened('recogniser', 'face_model_info'))})`,
      columns: [
        ['pack', 'pack'],
        ['Value', 'workers'],
        ['detector', 'detector'],
        ['recogniser', 'recogniser'],
      ],
      height: 8,
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
};
