import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ERROR_KINDS } from '../../src/shared/errors.js';
import { parseJson } from '../../src/shared/queue/parse-json.js';
import { readRetryAfterMs } from '../../src/worker/net/retry-after.js';

/** A service's answer to a request: a decision, that it cannot decide, or nothing usable. */
export type Verdict = 'matched' | 'not matched' | 'could not tell' | 'failed';

export interface Answer {
  readonly verdict: Verdict;
  /** Why there is no decision: an error code with its reason, or the HTTP status. */
  readonly cause?: string;
  /** Time until the whole answer was there, ms. */
  readonly durationMs: number;
}

export interface AskOptions {
  /** Base URL of the service, or the whole URL of its `compare-faces`. */
  readonly url: string;
  /** API key, if the service needs one. */
  readonly apiKey?: string | undefined;
  readonly timeoutMs: number;
}

const decisionSchema = z.object({ matched: z.boolean() });
const problemSchema = z.object({ code: z.string(), reason: z.string().optional() });

/** Tries of a request that the service refuses for a while. */
const ATTEMPTS = 3;
/** Longest pause that a service can ask for, and the pause if it asks for none, ms. */
const MAX_PAUSE_MS = 60_000;
const DEFAULT_PAUSE_MS = 1_000;
/** Statuses with which a service refuses for a while. */
const BUSY: ReadonlySet<number> = new Set([429, 503]);
/** Statuses with which a service without error codes says that it cannot judge the photos. */
const UNDECIDED: ReadonlySet<number> = new Set([400, 422, 502]);

/** Sends a request to `POST /compare-faces` of a service, again after a pause if it is busy. Never rejects. */
export async function askService(body: string, options: AskOptions): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = performance.now();
    const { status, text, retryAfter } = await post(body, options);
    const durationMs = performance.now() - startedAt;
    if (!BUSY.has(status) || attempt === ATTEMPTS) return { ...judge(status, text), durationMs };
    await pause(pauseFor(retryAfter));
  }
}

/** Returns the pause that a service asks for, ms. */
function pauseFor(retryAfter: string | null | undefined): number {
  return Math.min(readRetryAfterMs(retryAfter, Date.now()) ?? DEFAULT_PAUSE_MS, MAX_PAUSE_MS);
}

interface RawAnswer {
  /** 0 if there is no answer; the text then says why. */
  readonly status: number;
  readonly text: string;
  readonly retryAfter?: string | null;
}

async function post(body: string, { url, apiKey, timeoutMs }: AskOptions): Promise<RawAnswer> {
  try {
    const response = await fetch(endpointOf(url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
      },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const retryAfter = response.headers.get('retry-after');
    return { status: response.status, text: await response.text(), retryAfter };
  } catch (error) {
    return { status: 0, text: describeFailure(error) };
  }
}

function endpointOf(url: string): string {
  const base = url.replace(/\/+$/, '');
  return base.endsWith('/compare-faces') ? base : `${base}/compare-faces`;
}

function describeFailure(error: unknown): string {
  const { name, cause } = error as Error & { readonly cause?: { readonly code?: string } };
  return name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? name);
}

function judge(status: number, text: string): Pick<Answer, 'verdict' | 'cause'> {
  if (status === 0) return { verdict: 'failed', cause: text };
  const body = parseJson(text);
  const decision = status === 200 ? decisionSchema.safeParse(body) : undefined;
  if (decision?.success) return { verdict: decision.data.matched ? 'matched' : 'not matched' };
  const problem = problemSchema.safeParse(body).data;
  if (!problem)
    return { verdict: UNDECIDED.has(status) ? 'could not tell' : 'failed', cause: `HTTP ${status}` };
  const { code, reason } = problem;
  return {
    verdict: isAboutPhotos(code) ? 'could not tell' : 'failed',
    cause: reason === undefined ? code : `${code}, ${reason}`,
  };
}

function isAboutPhotos(code: string): boolean {
  const stage = new Map(Object.entries(ERROR_KINDS)).get(code)?.stage;
  return stage === 'fetch' || stage === 'photo';
}
