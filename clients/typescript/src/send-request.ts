import { errorOf, FaceVerificationError } from './face-verification-error.js';
import type { Problem } from './types.js';

/** How requests are sent. */
export interface Transport {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Repetitions after a passing failure. */
  readonly retries: number;
  readonly fetch: typeof fetch;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData;
}

/** The time that a call may take, and what else ends it. */
export interface CallLimits {
  /** ms since 1970 */
  readonly deadline: number;
  /** The caller's own. */
  readonly signal: AbortSignal | undefined;
}

/** The service holds a caller for 60 s at most unless it is configured otherwise. */
const ATTEMPT_TIMEOUT_MS = 75_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
/** Answers of proxies that can pass. */
const PASSING_STATUSES = [408, 429, 502, 503, 504];

/**
 * Returns the text of a successful answer. Repeats the request after a passing failure, no sooner than `Retry-After` asks
 * for; so send only what is safe to repeat: reads, cancellations, and the rest with an Idempotency-Key.
 * @throws FaceVerificationError; the reason of the caller's signal.
 */
export async function sendRequest(
  transport: Transport,
  request: ApiRequest,
  limits: CallLimits,
): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await sendOnce(transport, request, limits);
    } catch (error) {
      if (!(error instanceof FaceVerificationError) || !isWorthRepeating(error)) throw error;
      const pauseMs = pauseBefore(attempt, error.retryAfterMs);
      if (attempt >= transport.retries || Date.now() + pauseMs >= limits.deadline) throw error;
      await pause(pauseMs, limits.signal);
    }
  }
}

/** Returns the parsed body of a successful answer. See sendRequest. */
export async function sendForJson<Answer>(
  transport: Transport,
  request: ApiRequest,
  limits: CallLimits,
): Promise<Answer> {
  const text = await sendRequest(transport, request, limits);
  try {
    return JSON.parse(text) as Answer;
  } catch (cause) {
    throw new FaceVerificationError('unexpected_answer', 'An answer that is not of the service', { cause });
  }
}

/** Resolves after `ms`; rejects with the reason of the signal. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** A job that continues is polled, not asked for again. */
function isWorthRepeating({ retryable, code }: FaceVerificationError): boolean {
  return retryable && code !== 'wait_timeout' && code !== 'timed_out';
}

/** Jitter keeps callers that failed together from coming back together. */
function pauseBefore(attempt: number, retryAfterMs = 0): number {
  const growing = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
  return Math.max(retryAfterMs, growing / 2) + (Math.random() * growing) / 2;
}

async function sendOnce(transport: Transport, request: ApiRequest, limits: CallLimits): Promise<string> {
  limits.signal?.throwIfAborted();
  const leftMs = limits.deadline - Date.now();
  const timeout = AbortSignal.timeout(Math.max(0, Math.min(leftMs, ATTEMPT_TIMEOUT_MS)));
  const { path, ...init } = request;
  try {
    const response = await transport.fetch(`${transport.baseUrl}${path}`, {
      ...init,
      headers: { ...transport.headers, ...request.headers },
      signal: limits.signal ? AbortSignal.any([limits.signal, timeout]) : timeout,
    });
    const text = await response.text();
    if (response.ok) return text;
    throw readFailure(response, text);
  } catch (error) {
    if (error instanceof FaceVerificationError) throw error;
    limits.signal?.throwIfAborted();
    if (timeout.aborted && leftMs <= ATTEMPT_TIMEOUT_MS)
      throw new FaceVerificationError('timed_out', 'The service did not answer in time', { cause: error });
    throw new FaceVerificationError('connection_failed', 'The connection to the service failed', {
      cause: error,
      retryable: true,
    });
  }
}

function readFailure(response: Response, text: string): FaceVerificationError {
  const retryAfterMs = readRetryAfter(response.headers.get('retry-after'));
  const facts = { status: response.status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  const problem = parseProblem(text);
  if (problem) return errorOf(problem, facts);
  const retryable = PASSING_STATUSES.includes(response.status);
  const message = `An answer that is not of the service, with status ${response.status}`;
  return new FaceVerificationError('unexpected_answer', message, { ...facts, retryable });
}

function parseProblem(text: string): Problem | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const isProblem = typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
    return isProblem ? (body as Problem) : undefined;
  } catch {
    return undefined;
  }
}

/** ms; undefined without a valid header. */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
