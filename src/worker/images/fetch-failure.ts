import { VerificationError } from '../../shared/errors.js';
import type { Reason } from '../../shared/reasons.js';

/** Pause before the one retry when the host names none, in milliseconds; long enough for a restarted peer to listen. */
const RETRY_DELAY_MS = 200;

/** Answers below 500 that ask to be tried again. */
const RETRYABLE_STATUSES = new Set([408, 425, 429]);

/**
 * Network failures that a second try may not meet: name server busy, connection refused, reset or cut off. Not one that
 * took its time: it would take the same again.
 */
const TRANSIENT_CODES = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** Returns `error` as a VerificationError: itself when it is one, else `image_fetch_failed` that names the host for the log. */
export function toFetchError(error: unknown, host: string): VerificationError {
  if (error instanceof VerificationError) return error;
  const code = errorCode(error) ?? (error instanceof Error ? error.name : 'unknown');
  return new VerificationError('image_fetch_failed', {
    reason: reasonOf(code),
    cause: error,
    context: { host, reason: code },
  });
}

/** Codes by which Node and OpenSSL report that a handshake or a certificate failed. */
export const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO$)/;

function reasonOf(code: string): Reason | undefined {
  if (code === 'ENOTFOUND' || code === 'ETIMEOUT' || code === 'EAI_AGAIN') return 'dns';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return 'timeout';
  if (TLS_CODE.test(code)) return 'tls';
  return code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW' ? 'protocol' : undefined;
}

/** Returns the failure an answer without an image stands for. `retryAfter`: the header of that name. */
export function toStatusError(status: number, host: string, retryAfter: unknown): VerificationError {
  const mayRetry = status >= 500 || RETRYABLE_STATUSES.has(status);
  const seconds = mayRetry ? parseRetryAfter(retryAfter) : undefined;
  return new VerificationError(status >= 500 ? 'image_fetch_failed' : 'image_not_available', {
    retryable: mayRetry,
    context: { host, status },
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
  });
}

/** Returns whether a failure took its time: another try would take as much again, from the time and place of others. */
export function wasTooSlow({ reason }: { readonly reason?: Reason | undefined }): boolean {
  return reason === 'timeout' || reason === 'too_slow';
}

/** Returns how long to wait before trying again, in milliseconds, or undefined when a retry would meet the same failure. */
export function retryDelayMs(error: VerificationError): number | undefined {
  if (!error.retryable || wasTooSlow(error)) return undefined;
  if (error.cause !== undefined && !TRANSIENT_CODES.has(errorCode(error.cause) ?? '')) return undefined;
  return Math.max(RETRY_DELAY_MS, (error.retryAfterSeconds ?? 0) * 1_000);
}

/** Whole seconds from now, from a Retry-After header in either of its forms (RFC 9110 10.2.3); undefined when it is neither. */
function parseRetryAfter(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date = header.endsWith(' GMT') ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1_000));
}

function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
