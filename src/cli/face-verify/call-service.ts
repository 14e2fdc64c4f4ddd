import { setTimeout as pause } from 'node:timers/promises';
import { parseJson } from '../../shared/queue/parse-json.js';
import { readRetryAfterMs } from '../../worker/net/retry-after.js';
import { EXIT } from '../exit-codes.js';
import { UserError } from '../user-error.js';

export interface ServiceOptions {
  /** Without a final slash. */
  readonly url: string;
  readonly apiKey?: string | undefined;
  /** Time for the answer, retries included, ms. */
  readonly timeoutMs: number;
  /** Also repeats a request that reaches no service. */
  readonly isPatient?: boolean;
  /** Ends pauses between tries at once: the last answer then counts. */
  readonly stopping?: AbortSignal | undefined;
  /** Prints why the command waits. */
  readonly say?: (line: string) => void;
  /** Ends everything at once. */
  readonly signal?: AbortSignal | undefined;
}

/** A request that can be sent twice: a reading one, or one with an Idempotency-Key. */
export interface ServiceRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string | FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ServiceAnswer {
  readonly status: number;
  /** A JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Statuses that end by themselves. 504 is a comparison that runs on: the same key waits for it again. */
const PASSING: ReadonlySet<number> = new Set([429, 503, 504]);
/** Pause if the service asks for none, ms. */
const PAUSE_MS = 1_000;
/** Codes of a connection that broke off after the service had accepted it. */
const BROKEN: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/**
 * Returns the service's answer, also one that says what is wrong. While time is left, repeats a request that the service
 * refuses for a while, after as long as it asks, and one whose connection broke off.
 * @throws UserError if no service answers, or something that is not this service.
 */
export async function callService(request: ServiceRequest, options: ServiceOptions): Promise<ServiceAnswer> {
  const endsAt = performance.now() + options.timeoutMs;
  for (;;) {
    const leftMs = endsAt - performance.now();
    const answer = await send(request, { ...options, timeoutMs: Math.max(1, leftMs) });
    const isPassing = 'error' in answer ? isWorthwhile(answer.code, options) : PASSING.has(answer.status);
    const pauseMs = 'error' in answer ? PAUSE_MS : answer.pauseMs;
    const isOver = options.stopping?.aborted || performance.now() + pauseMs >= endsAt;
    if (!isPassing || isOver) {
      if ('error' in answer) throw answer.error;
      return answer;
    }
    options.say?.(`${describe(answer)} Trying again in ${Math.ceil(pauseMs / 1_000)} s.`);
    await pauseFor(pauseMs, options);
  }
}

function describe(answer: Try): string {
  if ('error' in answer) return `The connection broke off (${answer.code}).`;
  const { detail, code } = answer.body;
  return typeof detail === 'string' ? `${detail} (${code})` : `The service is busy (HTTP ${answer.status}).`;
}

function isWorthwhile(code: string, { isPatient = false }: ServiceOptions): boolean {
  return isPatient || BROKEN.has(code);
}

/** Up to a tenth longer than asked, so that callers do not all return at once. */
async function pauseFor(ms: number, { stopping, signal }: ServiceOptions): Promise<void> {
  const signals = [stopping, signal].filter((one) => one !== undefined);
  await pause(ms * (1 + Math.random() / 10), undefined, { signal: AbortSignal.any(signals) }).catch(
    () => undefined,
  );
  signal?.throwIfAborted();
}

type Try =
  | (ServiceAnswer & { readonly pauseMs: number })
  | { readonly error: UserError; readonly code: string };

async function send(request: ServiceRequest, options: ServiceOptions): Promise<Try> {
  const { url, apiKey, timeoutMs, signal } = options;
  const ends = [AbortSignal.timeout(Math.ceil(timeoutMs)), ...(signal ? [signal] : [])];
  try {
    const response = await fetch(`${url}${request.path}`, {
      method: request.method,
      headers: {
        accept: 'application/json',
        ...(typeof request.body === 'string' ? { 'content-type': 'application/json' } : {}),
        ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
        ...request.headers,
      },
      body: request.body ?? null,
      // A POST would become a GET.
      redirect: 'manual',
      signal: AbortSignal.any(ends),
    });
    const body = parseJson(await response.text());
    const pauseMs = readRetryAfterMs(response.headers.get('retry-after'), Date.now()) ?? PAUSE_MS;
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      return { error: notThisService(url, response.status), code: `HTTP ${response.status}` };
    return { status: response.status, body: { ...body }, pauseMs };
  } catch (error) {
    signal?.throwIfAborted();
    const code = codeOf(error);
    return { error: notReached(url, code), code };
  }
}

function codeOf(error: unknown): string {
  const { name, cause } = error as Error & { readonly cause?: { readonly code?: string } };
  return cause?.code ?? name;
}

function notThisService(url: string, status: number): UserError {
  return new UserError(
    `What answers at ${url} (HTTP ${status}) is not a face verification service. Check --url or FACE_VERIFY_URL.`,
    { exitCode: EXIT.unavailable },
  );
}

function notReached(url: string, code: string): UserError {
  const why = code === 'TimeoutError' ? 'does not answer in time' : `cannot be reached (${code})`;
  return new UserError(
    `The service at ${url} ${why}. Start one with npm start, or name another with --url or FACE_VERIFY_URL.`,
    { exitCode: code === 'TimeoutError' ? EXIT.temporary : EXIT.unavailable },
  );
}
