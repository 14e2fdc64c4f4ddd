import { describe, expect, it, vi } from 'vitest';
import { VerificationError } from '../../../../src/shared/errors.js';
import { retryDelayMs, toFetchError, toStatusError } from '../../../../src/worker/images/fetch-failure.js';

const withCode = (code: string) => Object.assign(new Error('quotes https://host/secret'), { code });

describe('retryDelayMs', () => {
  it.each(['EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET'])('retries %s', (code) => {
    expect(retryDelayMs(toFetchError(withCode(code), 'a'))).toBe(200);
  });

  it.each([
    'ENOTFOUND',
    'ETIMEOUT',
    'ETIMEDOUT',
    'UND_ERR_CONNECT_TIMEOUT',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'HPE_INVALID_CONSTANT',
    'UND_ERR_HEADERS_OVERFLOW',
  ])('does not retry %s', (code) => {
    expect(retryDelayMs(toFetchError(withCode(code), 'a'))).toBeUndefined();
  });

  it('does not retry what is neither a network failure nor a busy host', () => {
    expect(retryDelayMs(new VerificationError('image_too_large'))).toBeUndefined();
    expect(retryDelayMs(toStatusError(404, 'a', '1'))).toBeUndefined();
    expect(retryDelayMs(toFetchError(new TypeError('a bug'), 'a'))).toBeUndefined();
  });
});

describe('toFetchError', () => {
  it.each([
    ['ENOTFOUND', 'dns'],
    ['ETIMEOUT', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['ECONNREFUSED', 'refused'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['HPE_INVALID_CONSTANT', 'protocol'],
    ['ECONNRESET', 'interrupted'],
    ['UND_ERR_SOCKET', 'interrupted'],
    ['ENETUNREACH', 'unreachable'],
    ['SOMETHING_ELSE', undefined],
  ])('gives %s the reason %s', (code, reason) => {
    expect(toFetchError(withCode(code), 'a').reason).toBe(reason);
  });

  it.each([
    ['ENOTFOUND', false],
    ['EAI_AGAIN', true],
    ['CERT_HAS_EXPIRED', false],
    ['HPE_INVALID_CONSTANT', false],
    ['UND_ERR_HEADERS_OVERFLOW', false],
    ['ECONNREFUSED', true],
    ['SOMETHING_ELSE', true],
  ])('says of %s whether a later try can help: %s', (code, retryable) => {
    expect(toFetchError(withCode(code), 'a').retryable).toBe(retryable);
  });

  it('puts the network’s code into the log and hides its message from the client', () => {
    const error = toFetchError(withCode('ECONNRESET'), 'cdn.acme.com');

    expect(error.context).toEqual({ host: 'cdn.acme.com', reason: 'ECONNRESET' });
    expect(error.message).not.toContain('secret');
  });
});

describe('toStatusError', () => {
  it.each<[unknown, number | undefined]>([
    ['120', 120],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
    ['Thu, 01 Jan 2015 00:00:00 GMT', 0],
    ['-5', undefined],
    ['1e9', undefined],
    ['soon', undefined],
    [['1', '2'], undefined],
    [undefined, undefined],
  ])('reads Retry-After %j as %j seconds', (header, seconds) => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });

    expect(toStatusError(503, 'a', header).retryAfterSeconds).toBe(seconds);

    vi.useRealTimers();
  });
});
