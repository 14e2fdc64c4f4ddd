import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { VerificationError } from '../../../../src/shared/errors.js';
import { failureOfError } from '../../../../src/worker/comparison/job-error.js';
import { reportComparison } from '../../../../src/worker/comparison/report-comparison.js';
import type { PhotoResult } from '../../../../src/worker/verification/analyse-photo.js';
import { comparisonJob } from '../../../support/builders/comparison-job.js';

const JOB = {
  id: 'r_1',
  data: comparisonJob({ sync: true }),
  timestamp: 1_000,
  processedOn: 1_030,
  attemptsStarted: 1,
};

/** The lines written about a comparison whose photos are all unusable for these reasons. */
function report(
  errors: readonly [VerificationError, ...VerificationError[]],
  job: Parameters<typeof reportComparison>[0] = JOB,
): Record<string, unknown>[] {
  const stream = new PassThrough();
  const refuse = (index: number): PhotoResult => ({ usable: false, error: errors[index] ?? errors[0] });
  const outcome = failureOfError(errors[0]);
  const photos = {
    front_image1: refuse(0),
    front_image2: refuse(1),
    front_image3: refuse(2),
    back_image: refuse(3),
  };

  reportComparison(
    job,
    {
      outcome,
      verification: { outcome, duplicates: [], photos, similarities: {}, skipped: new Map(), timingsMs: {} },
      startedAt: performance.now(),
    },
    { logger: pino({}, stream), logUserId: false, observe: () => undefined },
  );

  return String(stream.read() ?? '')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('reportComparison', () => {
  it('says in one line why each photo is unusable, without stack frames', () => {
    const blurred = new VerificationError('low_quality', { reason: 'blurred', context: { sharpness: 3 } });
    const gone = new VerificationError('image_not_available', { context: { host: 'h', status: 404 } });

    const lines = report([blurred, gone]);

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      msg: 'comparison',
      code: 'low_quality',
      reason: 'blurred',
      unusable: [
        { image: 'front_image1', code: 'low_quality', reason: 'blurred', context: { sharpness: 3 } },
        { image: 'front_image2', code: 'image_not_available', context: { status: 404 } },
        { image: 'front_image3', code: 'low_quality' },
        { image: 'back_image', code: 'low_quality' },
      ],
    });
    expect(JSON.stringify(lines)).not.toContain('    at ');
  });

  it.each([
    ['info', new VerificationError('face_not_found')],
    ['warn', new VerificationError('image_fetch_failed')],
    ['warn', new VerificationError('deadline_exceeded')],
    ['error', new VerificationError('model_failure')],
  ] as const)('writes a line of level %s for %s', (level, error) => {
    expect(report([error]).at(-1)?.level).toBe(pino.levels.values[level]);
  });

  it('says why earlier attempts failed, and how many left no result', () => {
    const failed = { attempt: 2, code: 'image_fetch_failed', reason: 'timeout', image: 'front_image2' };
    const data = { ...JOB.data, failed_attempts: [failed, { ...failed, image: 'front_image3' }] };

    const [line] = report([new VerificationError('face_not_found')], { ...JOB, data, attemptsStarted: 3 });

    expect(line).toMatchObject({ attempt: 3, failed_attempts: data.failed_attempts, lost_attempts: 1 });
    expect(report([new VerificationError('face_not_found')])[0]).not.toHaveProperty('lost_attempts');
  });

  it('logs a photo that failed because of our own fault on its own line, with the cause', () => {
    const failure = new VerificationError('model_failure', { cause: new Error('inner') });
    const plain = new VerificationError('face_not_found');

    const lines = report([failure, plain, plain, plain]);

    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      level: 50,
      job_id: 'r_1',
      image: 'front_image1',
      err: { stack: expect.stringContaining('inner') },
    });
    expect(lines[1]).toMatchObject({
      unusable: expect.arrayContaining([expect.objectContaining({ code: 'model_failure' })]),
    });
  });
});
