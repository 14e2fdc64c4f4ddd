import { describe, expect, it } from 'vitest';
import { readOutcome } from '../../../../src/shared/contract/comparison-outcome.js';
import { comparisonJobSchema } from '../../../../src/shared/queue/comparison-job.js';

/** A job as version 0.1.0 wrote it. */
const EARLIER_JOB = {
  v: 1,
  user_id: 'u-1',
  images: { front_image1: 'a', front_image2: 'b', front_image3: 'c', back_image: 'd' },
  threshold: 0.5,
  min_matches: 2,
  evidence: false,
  sync: true,
  tenant: 'anonymous',
  request_digest: 'x',
  request_id: 'q',
  accepted_at: 1,
  deadline_at: 2,
};

describe('what an earlier version left in Redis', () => {
  it('still runs: a job without warnings', () => {
    expect(comparisonJobSchema.parse(EARLIER_JOB)).toEqual(EARLIER_JOB);
  });

  it('still reads as it ended: an outcome without warnings or reasons', () => {
    const matched = { ok: true, matched: true };
    const failed = { ok: false, code: 'low_quality', detail: 'x', retryable: false };

    expect(readOutcome(matched)).toEqual(matched);
    expect(readOutcome(failed)).toEqual(failed);
  });
});

describe('what a later version left in Redis', () => {
  it('keeps its code when its reason is not known here', () => {
    const item = { code: 'low_quality', detail: 'x' };
    const later = { ...item, reason: 'a_reason_to_come' };
    const outcome = { ok: false, retryable: false, ...later, errors: [{ ...later, image: 'front_image1' }] };

    expect(readOutcome(outcome)).toEqual({
      ok: false,
      retryable: false,
      ...item,
      errors: [{ ...item, image: 'front_image1' }],
    });
  });
});
