import { VerificationError } from '../../shared/errors.js';
import type { Reason } from '../../shared/reasons.js';
import { isTimeout } from '../net/deadline.js';
import { isTlsCode, networkCodeOf } from '../net/network-code.js';
import { readRetryAfterMs } from '../net/retry-after.js';

/** Pause before the single retry if the host does not ask for one, ms; long enough for a restarted peer to listen. */
const RETRY_DELAY_MS = 200;

/** Statuses below 500 that invite a retry. */
const RETRYABLE_STATUSES = new Set([408, 425, 429]);

/**
 * Network failures that may not recur: name server busy, connection refused, reset or cut off. Slow failures are not
 * among them, because a retry would take as long again.
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
  'HPE_INVALID_EOF_STATE',
]);

/** Reasons that last until the host or its name changes, so the caller need not try again. */
const PERMANENT_REASONS: ReadonlySet<Reason | undefined> = new Set<Reason>(['tls', 'protocol']);

/** Returns a VerificationError as it is; for other errors `image_fetch_failed` with the host for the log. */
export function toFetchError(error: unknown, host: string): VerificationError {
  if (error instanceof VerificationError) return error;
  const code = networkCodeOf(error);
  const reason = isTimeout(error) ? 'timeout' : reasonOf(code);
  return new VerificationError('image_fetch_failed', {
    reason,
    retryable: !PERMANENT_REASONS.has(reason) && code !== 'ENOTFOUND',
    cause: error,
    context: { host, reason: code },
  });
}

const REASONS_OF_CODES: Readonly<Record<string, Reason>> = {
  ENOTFOUND: 'dns',
  ETIMEOUT: 'dns',
  EAI_AGAIN: 'dns',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ECONNRESET: 'interrupted',
  ECONNABORTED: 'interrupted',
  EPIPE: 'interrupted',
  UND_ERR_SOCKET: 'interrupted',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'interrupted',
  // The parser met the end of the connection in the middle of a response.
  HPE_INVALID_EOF_STATE: 'interrupted',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
};

function reasonOf(code: string): Reason | undefined {
  if (isTlsCode(code)) return 'tls';
  return REASONS_OF_CODES[code] ?? (code.startsWith('HPE_') ? 'protocol' : undefined);
}

/** Returns the error for a response without an image. `retryAfter`: its Retry-After header. */
export function toStatusError(status: number, host: string, retryAfter: unknown): VerificationError {
  const isRetryable = status >= 500 || RETRYABLE_STATUSES.has(status);
  const pauseMs = isRetryable ? readRetryAfterMs(retryAfter, Date.now()) : undefined;
  return new VerificationError(status >= 500 ? 'image_fetch_failed' : 'image_not_available', {
    reason: `http_${status}`,
    retryable: isRetryable,
    context: { host, status },
    ...(pauseMs === undefined ? {} : { retryAfterSeconds: Math.ceil(pauseMs / 1_000) }),
  });
}

/** True if the failure took a long time: a retry would take as long again, at the expense of other jobs. */
export function wasTooSlow({ reason }: { readonly reason?: Reason | undefined }): boolean {
  return reason === 'timeout' || reason === 'too_slow';
}

/** Returns the pause before a retry, ms; undefined if a retry would fail in the same way. */
export function retryDelayMs(error: VerificationError): number | undefined {
  if (!error.retryable || wasTooSlow(error)) return undefined;
  if (error.cause !== undefined && !TRANSIENT_CODES.has(networkCodeOf(error.cause))) return undefined;
  return Math.max(RETRY_DELAY_MS, (error.retryAfterSeconds ?? 0) * 1_000);
}
