import { createProblem } from '../../shared/contract/problem.js';
import { type ErrorCode, errorCodesOf } from '../../shared/errors.js';
import type { AnswerSpec, OperationSpec } from './operation.js';

const JOB_ID = 'r_3f0c7a52-9d0e-4f4e-8a55-1d2b6a0c9e11';

const REQUEST_EXAMPLE = {
  user_id: 'user-42',
  front_image1: 'https://photos.example.com/42/front-1.jpg',
  front_image2: 'https://photos.example.com/42/front-2.jpg',
  front_image3: 'https://photos.example.com/42/front-3.jpg',
  back_image: 'https://photos.example.com/42/reference.jpg',
  threshold: 0.5,
  min_matches: 2,
};

/** Refusals at the door: nothing was queued. */
const SUBMIT_ERRORS: readonly ErrorCode[] = [
  'invalid_json',
  'unsupported_media_type',
  'body_too_large',
  'invalid_request',
  'calibration_unavailable',
  'image_url_forbidden',
  'idempotency_conflict',
  'overloaded',
  'queue_unavailable',
  'internal',
];

/** Ends of a comparison without a decision. */
const COMPARISON_ERRORS = errorCodesOf('fetch', 'photo', 'comparison');

const ACCEPTED: AnswerSpec = {
  description:
    'The job is in the queue, or is the one of this Idempotency-Key; `status` is its state by now.',
  schema: 'JobAccepted',
  headers: ['Location', 'Retry-After'],
  example: { job_id: JOB_ID, status: 'queued', status_url: `/jobs/${JOB_ID}` },
};

const FINISHED_JOB = {
  job_id: JOB_ID,
  user_id: 'user-42',
  status: 'completed',
  created_at: '2026-11-23T10:00:00.000Z',
  started_at: '2026-11-23T10:00:00.120Z',
  finished_at: '2026-11-23T10:00:00.480Z',
  attempts: 1,
  result: { user_id: 'user-42', matched: true },
};

/** Comparisons and the jobs they become. */
export const COMPARISON_OPERATIONS: readonly OperationSpec[] = [
  {
    method: 'post',
    path: '/compare-faces',
    id: 'compareFaces',
    tag: 'Comparisons',
    summary: 'Compare three photos with a reference and wait for the decision',
    description:
      'Answers whether at least `min_matches` of the three probes show the person of the reference. When too many ' +
      'photos cannot be judged to tell, the answer is a problem and never `matched: false`.',
    access: 'caller',
    parameters: ['PreferAsync', 'IdempotencyKey', 'RequestId', 'TraceParent'],
    body: { schema: 'CompareRequest', example: REQUEST_EXAMPLE },
    answers: {
      200: {
        description: 'Decided.',
        schema: 'CompareResult',
        example: { user_id: 'user-42', matched: true },
      },
      202: { ...ACCEPTED, headers: ['Location', 'Retry-After', 'Preference-Applied'] },
    },
    errors: [...SUBMIT_ERRORS, ...COMPARISON_ERRORS, 'wait_timeout'],
  },
  {
    method: 'post',
    path: '/jobs',
    id: 'createJob',
    tag: 'Jobs',
    summary: 'Queue a comparison',
    description:
      'The result is read at `status_url`, or posted to `callback_url` or to the service’s WEBHOOK_URL.',
    access: 'caller',
    parameters: ['IdempotencyKey', 'RequestId', 'TraceParent'],
    body: { schema: 'CompareRequest', example: REQUEST_EXAMPLE },
    answers: { 202: ACCEPTED },
    errors: SUBMIT_ERRORS,
  },
  {
    method: 'get',
    path: '/jobs/{id}',
    id: 'getJob',
    tag: 'Jobs',
    summary: 'Read a job, or wait for its end',
    description: '`completed` always carries `result`; a comparison that could not be decided is `failed`.',
    access: 'caller',
    parameters: ['JobId', 'PreferWait', 'RequestId'],
    answers: {
      200: {
        description: 'The job as it stands.',
        schema: 'JobView',
        headers: ['Retry-After', 'Preference-Applied'],
        example: FINISHED_JOB,
      },
    },
    errors: ['job_not_found', 'queue_unavailable', 'internal'],
  },
  {
    method: 'delete',
    path: '/jobs/{id}',
    id: 'cancelJob',
    tag: 'Jobs',
    summary: 'Cancel a job that has not begun',
    access: 'caller',
    parameters: ['JobId', 'RequestId'],
    answers: { 204: { description: 'Cancelled before it ran.' } },
    errors: ['job_not_found', 'job_not_cancellable', 'queue_unavailable', 'internal'],
  },
  {
    method: 'delete',
    path: '/users/{user_id}/jobs',
    id: 'eraseUserJobs',
    tag: 'Privacy',
    summary: 'Erase every job of a person',
    description: 'Running jobs are told to stop; while `running` is above 0, call again.',
    access: 'caller',
    parameters: ['UserId', 'RequestId'],
    answers: {
      200: { description: 'How many are gone.', schema: 'ErasedJobs', example: { erased: 3, running: 0 } },
    },
    errors: ['queue_unavailable', 'internal'],
  },
];

/** The two events that receivers of webhooks are sent. */
export const WEBHOOK_EXAMPLES = {
  completed: {
    value: {
      type: 'comparison.completed',
      timestamp: '2026-11-23T10:00:00.500Z',
      tenant: 'shop',
      data: FINISHED_JOB,
    },
  },
  failed: {
    value: {
      type: 'comparison.failed',
      timestamp: '2026-11-23T10:00:00.500Z',
      tenant: 'shop',
      data: {
        ...FINISHED_JOB,
        status: 'failed',
        result: undefined,
        error: createProblem('face_not_found', { image: 'back_image', jobId: JOB_ID }),
      },
    },
  },
};
