import { type ComparisonJob, JOB_VERSION } from '../../../src/shared/queue/comparison-job.js';

/** Returns the payload of a job as an API writes it, with these fields in place of the usual ones. */
export function comparisonJob(changes: Partial<ComparisonJob> = {}): ComparisonJob {
  return {
    v: JOB_VERSION,
    user_id: 'u-1',
    images: {
      front_image1: 'https://a/1',
      front_image2: 'https://a/2',
      front_image3: 'https://a/3',
      back_image: 'https://a/0',
    },
    threshold: 0.5,
    min_matches: 2,
    evidence: false,
    sync: false,
    tenant: 'anonymous',
    request_digest: 'd',
    request_id: 'q',
    accepted_at: Date.now(),
    deadline_at: Date.now() + 60_000,
    ...changes,
  };
}
