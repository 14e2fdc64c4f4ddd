import type { DashboardRow } from '../dashboard-panel.js';
import { quantile } from '../queries.js';

export const WAIT_ROW: DashboardRow = {
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
      limit: 30,
      width: 6,
    },
    {
      kind: 'chart',
      title: 'Jobs by state',
      help: 'prioritized and waiting jobs wait, delayed ones wait for a retry or a slow image host, active ones run.',
      targets: [['max by (pack, state) (face_queue_jobs{state!="ended"})', '{{pack}} {{state}}']],
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
};
