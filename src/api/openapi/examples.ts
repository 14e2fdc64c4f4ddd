import { createProblem } from '../../shared/contract/problem.js';

export const JOB_ID = 'r_3f0c7a52-9d0e-4f4e-8a55-1d2b6a0c9e11';

export const REQUEST_EXAMPLE = {
  user_id: 'user-42',
  front_image1: 'https://photos.example.com/42/front-1.jpg',
  front_image2: 'https://photos.example.com/42/front-2.jpg',
  front_image3: 'https://photos.example.com/42/front-3.jpg',
  back_image: 'https://photos.example.com/42/reference.jpg',
  threshold: 0.5,
  min_matches: 2,
};

/** A form with photos as files; their bytes are not shown. */
export const FORM_EXAMPLE = {
  user_id: 'user-42',
  front_image1: 'front-1.jpg',
  front_image2: 'front-2.jpg',
  front_image3: 'front-3.jpg',
  back_image: 'reference.jpg',
  threshold: 0.5,
};

export const BATCH_ID = 'b_3f0c7a529d0e4f4e8a551d2b6a0c9e11';

/** A batch of which every job has ended. */
export const BATCH_EXAMPLE = {
  batch_id: BATCH_ID,
  status: 'completed',
  total: 3,
  counts: { queued: 0, active: 0, completed: 2, failed: 1, cancelled: 0, removed: 0 },
  created_at: '2026-11-23T10:00:00.000Z',
  finished_at: '2026-11-23T10:00:01.480Z',
  results_url: `/batches/${BATCH_ID}/results`,
};

export const BATCH_WEBHOOK_EXAMPLE = {
  type: 'batch.completed',
  timestamp: '2026-11-23T10:00:01.480Z',
  tenant: 'shop',
  data: BATCH_EXAMPLE,
};

/** A job that has ended with a decision. */
export const JOB_EXAMPLE = {
  job_id: JOB_ID,
  user_id: 'user-42',
  status: 'completed',
  created_at: '2026-11-23T10:00:00.000Z',
  started_at: '2026-11-23T10:00:00.120Z',
  finished_at: '2026-11-23T10:00:00.480Z',
  attempts: 1,
  result: { user_id: 'user-42', matched: true },
};

/** One webhook of each type. */
export const WEBHOOK_EXAMPLES = {
  completed: {
    value: {
      type: 'comparison.completed',
      timestamp: '2026-11-23T10:00:00.500Z',
      tenant: 'shop',
      data: JOB_EXAMPLE,
    },
  },
  failed: {
    value: {
      type: 'comparison.failed',
      timestamp: '2026-11-23T10:00:00.500Z',
      tenant: 'shop',
      data: {
        ...JOB_EXAMPLE,
        status: 'failed',
        result: undefined,
        error: createProblem('face_not_found', { image: 'back_image', jobId: JOB_ID }),
      },
    },
  },
};
