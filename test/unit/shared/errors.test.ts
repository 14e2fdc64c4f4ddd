import { describe, expect, it } from 'vitest';
import { reasonSchema } from '../../../src/shared/contract/error-code.js';
import { publicFactsOf, VerificationError } from '../../../src/shared/errors.js';
import { NAMED_REASONS } from '../../../src/shared/reasons.js';

describe('VerificationError', () => {
  it('reads as the sentence of its reason, unless it is given a better one', () => {
    const blurred = new VerificationError('low_quality', { reason: 'blurred' });
    const exact = new VerificationError('low_quality', { reason: 'blurred', detail: 'Too blurred.' });

    expect(blurred.message).toBe('The face is too blurred to compare.');
    expect(exact.message).toBe('Too blurred.');
  });

  it('names no reason to the client if the error has no reason', () => {
    expect(publicFactsOf(new VerificationError('face_not_found'))).toEqual({
      code: 'face_not_found',
      detail: 'No face was found.',
    });
  });
});

describe('reasonSchema', () => {
  it('takes every reason of the list and any HTTP status', () => {
    for (const reason of [...NAMED_REASONS, 'http_404', 'http_503'])
      expect(reasonSchema.safeParse(reason).success).toBe(true);
  });

  it('takes nothing else', () => {
    for (const reason of ['', 'ugly', 'http_', 'http_x', 'http_404 example.com', 'HTTP_404'])
      expect(reasonSchema.safeParse(reason).success).toBe(false);
  });
});
