import { describe, expect, it } from 'vitest';
import type { ComparisonFailure } from '../../../../src/shared/contract/comparison-outcome.js';
import { createJobView, jobViewSchema } from '../../../../src/shared/contract/job-view.js';
import { problemSchema } from '../../../../src/shared/contract/problem.js';

const JOB = { jobId: 'r_1', job: { user_id: 'u', request_id: 'q' }, attempts: 1 };
const at = (ms: number): string => new Date(ms).toISOString();

describe('createJobView', () => {
  it('shows the times as they were', () => {
    const view = createJobView({ ...JOB, createdAt: 1_000, startedAt: 1_200, finishedAt: 1_900 });

    expect(view).toMatchObject({ created_at: at(1_000), started_at: at(1_200), finished_at: at(1_900) });
  });

  it('never shows a later step as earlier, although the times come from the clocks of several machines', () => {
    const view = createJobView({ ...JOB, createdAt: 1_063, startedAt: 1_000, finishedAt: 1_050 });

    expect(view).toMatchObject({ created_at: at(1_063), started_at: at(1_063), finished_at: at(1_063) });
  });

  it('has no time for a step that has not happened', () => {
    const view = createJobView({ ...JOB, createdAt: 1_000 });

    expect(view).not.toHaveProperty('started_at');
    expect(view).not.toHaveProperty('finished_at');
  });

  it('shows warnings about the photos beside the result', () => {
    const warnings = [{ image: 'front_image1' as const, code: 'small_face' }];

    const view = createJobView({ ...JOB, createdAt: 1, outcome: { ok: true, matched: true, warnings } });
    const plain = createJobView({ ...JOB, createdAt: 1, outcome: { ok: true, matched: true, warnings: [] } });

    expect(jobViewSchema.parse(view)).toMatchObject({ status: 'completed', warnings });
    expect(view.result).toEqual({ user_id: 'u', matched: true });
    expect(plain).not.toHaveProperty('warnings');
  });

  it('marks a borderline decision, and no other', () => {
    const ok = { ok: true as const, matched: true };

    const close = createJobView({ ...JOB, createdAt: 1, outcome: { ...ok, borderline: true } });
    const clear = createJobView({ ...JOB, createdAt: 1, outcome: ok });

    expect(jobViewSchema.parse(close).result).toEqual({ user_id: 'u', matched: true, borderline: true });
    expect(clear.result).toEqual({ user_id: 'u', matched: true });
  });

  it('warns of ignored fields before and after the job has ended', () => {
    const job = { ...JOB.job, unknown_fields: ['lang'] };
    const outcome = { ok: true as const, matched: true, warnings: [] };
    const warnings = [{ field: 'lang', code: 'unknown_field' }];

    const waiting = createJobView({ ...JOB, job, createdAt: 1 });
    const ended = createJobView({ ...JOB, job: { ...job, warnings: true }, createdAt: 1, outcome });

    expect(jobViewSchema.parse(waiting).warnings).toEqual(warnings);
    expect([ended.warnings, ended.result?.warnings]).toEqual([warnings, warnings]);
  });

  it('lists warnings in the result only for a request that asks for them, even an empty list', () => {
    const job = { ...JOB.job, warnings: true };

    const view = createJobView({
      ...JOB,
      job,
      createdAt: 1,
      outcome: { ok: true, matched: true, warnings: [] },
    });

    expect(view.result).toEqual({ user_id: 'u', matched: true, warnings: [] });
  });

  it('claims nothing about warnings of a job that an earlier version of a worker ended', () => {
    const job = { ...JOB.job, warnings: true };

    const view = createJobView({ ...JOB, job, createdAt: 1, outcome: { ok: true, matched: true } });

    expect(view.result).toEqual({ user_id: 'u', matched: true });
  });

  it('shows why a comparison could not be decided, including the reason', () => {
    const item = { image: 'back_image', code: 'low_quality', reason: 'too_dark', detail: 'x' } as const;
    const outcome: ComparisonFailure = { ok: false, ...item, retryable: false, errors: [item] };

    const { error } = createJobView({ ...JOB, createdAt: 1_000, finishedAt: 2_000, outcome });

    expect(problemSchema.parse(error)).toMatchObject({
      status: 422,
      code: 'low_quality',
      reason: 'too_dark',
      detail: 'x',
      errors: [item],
    });
  });

  it('shows that a job cancelled before its start ended no earlier than it was created', () => {
    const outcome = { ok: false, code: 'job_cancelled', detail: 'x', retryable: false } as const;
    const view = createJobView({ ...JOB, createdAt: 1_000, finishedAt: 990, outcome });

    expect(view).toMatchObject({ status: 'cancelled', finished_at: at(1_000) });
  });
});
