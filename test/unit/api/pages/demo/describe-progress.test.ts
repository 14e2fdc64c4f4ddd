import { describe, expect, it } from 'vitest';

interface View {
  readonly status: string;
  readonly created_at: string;
  readonly started_at?: string;
  readonly attempts: number;
}

const { describeProgress } = (await import(
  new URL('../../../../../src/api/pages/demo/describe-progress.js', import.meta.url).href
)) as { describeProgress: (view: View, now: number) => string };

const created_at = '2026-11-28T10:00:00.000Z';
const now = Date.parse('2026-11-28T10:00:14.000Z');

describe('describeProgress', () => {
  it('says that no worker has taken a queued job', () => {
    expect(describeProgress({ status: 'queued', created_at, attempts: 0 }, now)).toBe(
      'The job waits for a worker. It was queued 14 seconds ago.',
    );
  });

  it('says of an active job only when a worker took it, because that worker may be frozen', () => {
    const started_at = '2026-11-28T10:00:13.000Z';

    const text = describeProgress({ status: 'active', created_at, started_at, attempts: 2 }, now);

    expect(text).toBe('A worker took the job 1 second ago. Attempt 2.');
  });
});
