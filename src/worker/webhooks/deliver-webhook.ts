import type { Dispatcher } from 'undici';
import { VerificationError } from '../../shared/errors.js';
import { type AddressPolicy, checkUrl } from '../../shared/net/address-policy.js';
import { isTimeout, startDeadline } from '../net/deadline.js';
import { isTlsCode, networkCodeOf } from '../net/network-code.js';
import { requestTargetOf } from '../net/request-target.js';
import { readRetryAfterMs } from '../net/retry-after.js';
import { signWebhook } from './sign-webhook.js';

/** Bytes of a response that are read and discarded before its connection is closed. */
export const MAX_ANSWER_BYTES = 65_536;

const USER_AGENT = 'face-verification-webhooks/1';
const GONE = 410;
/** Statuses whose Retry-After is honoured: too many requests, unavailable. */
const THROTTLING_STATUSES = new Set([429, 503]);

/** One message to one receiver. */
export interface Delivery {
  readonly url: string;
  /** The `webhook-id`, the same for every attempt. */
  readonly id: string;
  /** The exact text to sign and send. */
  readonly body: string;
  /** Each adds a signature; without any, nothing is sent. */
  readonly secrets: readonly string[];
}

export interface DeliveryDependencies {
  /** Created by `createGuardedAgent` with the same policy. */
  readonly agent: Dispatcher;
  readonly policy: AddressPolicy;
  /** Time for DNS, connection, TLS, headers and body together, ms. */
  readonly timeoutMs: number;
  /** Clock of the `webhook-timestamp`, ms since 1970. */
  readonly now: () => number;
  /** Ends a running delivery at once. */
  readonly signal?: AbortSignal;
}

/**
 * The outcome of an attempt. `retry`: may succeed later; `gone`: the receiver wants no more webhooks; `refused`: we never
 * send it. Reasons name neither URL, host nor address, because every reader of the job sees them.
 */
export type DeliveryOutcome =
  | { readonly kind: 'delivered'; readonly status: number }
  | {
      readonly kind: 'retry';
      readonly reason: string;
      readonly status?: number;
      /** Pause that Retry-After asks for, ms; not limited yet. */
      readonly afterMs?: number;
    }
  | { readonly kind: 'gone'; readonly reason: string; readonly status: number }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Posts the message once, signed with the current time, and returns the outcome; only a bug makes it reject. Redirects
 * are not followed. A 2xx status counts as delivered, whatever happens to the rest of the response.
 * @see Standard Webhooks 1.0
 */
export async function deliverWebhook(
  delivery: Delivery,
  deps: DeliveryDependencies,
): Promise<DeliveryOutcome> {
  // This worker may read the settings of a new tenant a little later than the API.
  if (delivery.secrets.length === 0) return { kind: 'retry', reason: 'no signing secret is configured' };
  const headers = signedHeaders(delivery, deps);
  const deadline = startDeadline(deps.timeoutMs, deps.signal);
  try {
    // The policy may have become stricter since the URL was accepted.
    const { origin } = checkUrl(delivery.url, deps.policy, 'callback');
    const response = await deps.agent.request({
      origin,
      path: requestTargetOf(delivery.url),
      method: 'POST',
      headers,
      body: Buffer.from(delivery.body, 'utf8'),
      // The deadline covers both; undici's own limits restart with every byte.
      headersTimeout: 0,
      bodyTimeout: 0,
      signal: deadline.signal,
    });
    await response.body.dump({ limit: MAX_ANSWER_BYTES });
    return outcomeOfResponse(response, deps.now());
  } catch (error) {
    return outcomeOfFailure(deadline.signal.aborted ? deadline.signal.reason : error);
  } finally {
    deadline.end();
  }
}

function signedHeaders({ id, body, secrets }: Delivery, deps: DeliveryDependencies): Record<string, string> {
  const timestampSeconds = Math.floor(deps.now() / 1_000);
  return {
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    'accept-encoding': 'identity',
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signWebhook({ id, timestampSeconds, body }, secrets),
  };
}

function outcomeOfResponse(response: Dispatcher.ResponseData, now: number): DeliveryOutcome {
  const status = response.statusCode;
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  const reason = `the receiver answered ${status}`;
  if (status === GONE) return { kind: 'gone', reason, status };
  const header = response.headers['retry-after'];
  const afterMs = THROTTLING_STATUSES.has(status) ? readRetryAfterMs(header, now) : undefined;
  return { kind: 'retry', reason, status, ...(afterMs === undefined ? {} : { afterMs }) };
}

function outcomeOfFailure(error: unknown): DeliveryOutcome {
  if (error instanceof VerificationError && error.code !== 'image_fetch_failed')
    return { kind: 'refused', reason: 'the address is not allowed' };
  const code = networkCodeOf(error);
  if (isTimeout(error) || code.includes('TIMEOUT') || code === 'ETIMEDOUT')
    return { kind: 'retry', reason: 'the receiver did not answer in time' };
  if (isTlsCode(code)) return { kind: 'retry', reason: 'no secure connection could be made' };
  return { kind: 'retry', reason: 'the connection failed' };
}
