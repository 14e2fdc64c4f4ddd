import { describe, expect, it } from 'vitest';
import { formatLogLine } from '../../../../src/shared/runtime/format-log-line.js';

const line = (fields: object): string =>
  JSON.stringify({ level: 'info', time: '2026-11-28T10:00:00.000Z', service: 'api', ...fields });

describe('formatLogLine', () => {
  it('shows a request in one short line', () => {
    const text = formatLogLine(
      line({
        msg: 'request',
        method: 'POST',
        route: '/jobs',
        status: 422,
        duration_ms: 3.4,
        code: 'invalid_request',
      }),
    );

    expect(text).toMatch(/^\d\d:\d\d:\d\d api {4}POST \/jobs 422 in 3 ms code=invalid_request$/);
  });

  it('shows how a comparison ended, and drops what is empty or only for machines', () => {
    const text = formatLogLine(
      line({
        service: 'worker',
        msg: 'comparison',
        job_id: 'r_1',
        matched: true,
        warnings: [],
        trace_id: 'x',
      }),
    );

    expect(text).toMatch(/ worker comparison job_id=r_1 matched=true$/);
  });

  it('marks lines above the level info', () => {
    expect(formatLogLine(line({ level: 'error', msg: 'Redis is unavailable' }))).toMatch(
      /api {4}ERROR Redis is unavailable$/,
    );
  });

  it.each(['a line of a native library', '{"half', '{"level":30}', ''])('leaves %j as it is', (text) => {
    expect(formatLogLine(text)).toBe(text);
  });
});
