import { describe, expect, it } from 'vitest';
import { VerificationError } from '../../../../../src/shared/errors.js';
import { fromRefusal, toRefusal } from '../../../../../src/worker/vision/process/vision-protocol.js';

describe('a refusal', () => {
  it('crosses the channel with everything that a caller or a log needs', () => {
    const error = new VerificationError('low_quality', {
      reason: 'too_dark',
      retryable: true,
      context: { brightness: 7 },
      cause: new Error('inner'),
    });

    const message = structuredClone(toRefusal(error, { rssBytes: 1, cpuMs: 1 }));

    expect(fromRefusal(message)).toMatchObject({
      code: 'low_quality',
      reason: 'too_dark',
      message: 'The face is too dark to compare.',
      retryable: true,
      context: { brightness: 7 },
      cause: { message: 'inner' },
    });
  });
});
