import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { toVerificationError, VerificationError } from '../../shared/errors.js';
import { type AddressPolicy, checkUrl } from '../../shared/net/address-policy.js';
import { type HostHeaders, headersFor } from '../../shared/net/host-headers.js';
import { type Deadline, isTimeout, startDeadline } from '../net/deadline.js';
import { requestTargetOf, resolveLocation } from '../net/request-target.js';
import type { ByteClaim } from '../tenant-shares/byte-budget.js';
import { retryDelayMs, toFetchError, toStatusError } from './fetch-failure.js';
import { type LeastRate, readImageBody } from './read-image-body.js';

const MAX_REDIRECTS = 3;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/** Statuses whose body is the whole resource; 204 means an empty one. A 206 was not requested and may be only a part. */
const WHOLE_STATUSES = new Set([200, 203, 204]);

/**
 * All headers besides Host, Connection, User-Agent and those of the host. Compression is declined: 275 bytes of gzip can
 * expand to 200 MB.
 */
const REQUEST_HEADERS = {
  accept: 'image/jpeg, image/png, image/webp, */*;q=0.5',
  'accept-encoding': 'identity',
};

export interface FetchImageOptions {
  readonly policy: AddressPolicy;
  /** Created by `createGuardedAgent` with the same policy. */
  readonly agent: Dispatcher;
  readonly userAgent: string;
  /** Headers for the hosts of private photos. */
  readonly hostHeaders?: HostHeaders;
  /** Largest accepted body, bytes. */
  readonly maxBytes: number;
  /** Minimum transfer rate; without it a host may be as slow as `timeoutMs` allows. */
  readonly leastRate?: LeastRate;
  /** Reserves memory before the image is read; the caller releases it. */
  readonly memory?: ByteClaim;
  /** Time for the whole fetch, including redirects and the retry, ms. */
  readonly timeoutMs: number;
  /** Ends the fetch at once, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A URL that checkUrl has accepted. */
interface CheckedUrl {
  /** As it was written, for the request target. */
  readonly text: string;
  /** As it was judged, for the connection. */
  readonly url: URL;
  /** Headers of its host, until a redirect leads to another one: what comes after is not what the caller named. */
  readonly headers: ReturnType<typeof headersFor>;
}

/**
 * Returns the bytes at `url` without checking their type, which is done where they are decoded.
 * Follows up to three redirects, each checked like the first URL, never from https to http. Path and query are sent as they
 * are written, with the headers of the host if it has some. Transient failures are retried once if time allows. No socket
 * outlives the call.
 * @throws VerificationError
 * `invalid_request`, `image_url_forbidden`: the URL, a redirect, or an address behind one of them;
 * `image_not_available` (`http_<status>`, `redirects`): the host responded without an image;
 * `image_fetch_failed`: DNS, connection, TLS, timeout, slow or interrupted transfer, 5xx;
 * `image_too_large`: over `maxBytes`; `image_unsupported`: empty, or with a content encoding.
 */
export async function fetchImage(url: string, options: FetchImageOptions): Promise<Uint8Array> {
  const checked = checkUrl(url, options.policy, 'image');
  const start = { text: url, url: checked, headers: hostHeadersFor(checked, options) };
  const deadline = startDeadline(options.timeoutMs, options.signal);
  try {
    deadline.signal.throwIfAborted();
    return await fetchWithRetry(start, options, deadline);
  } catch (error) {
    const { aborted, reason } = deadline.signal;
    // Whatever failed at that moment, the cause is the end of the time or the caller's signal.
    if (aborted) throw isTimeout(reason) ? toFetchError(reason, start.url.hostname) : reason;
    throw error;
  } finally {
    deadline.end();
  }
}

async function fetchWithRetry(
  start: CheckedUrl,
  options: FetchImageOptions,
  deadline: Deadline,
): Promise<Uint8Array> {
  try {
    return await followRedirects(start, options, deadline.signal);
  } catch (error) {
    const delayMs = error instanceof VerificationError ? retryDelayMs(error) : undefined;
    if (delayMs === undefined || delayMs >= deadline.remainingMs()) throw error;
    await sleep(delayMs, undefined, { signal: deadline.signal });
    return await followRedirects(start, options, deadline.signal);
  }
}

async function followRedirects(
  start: CheckedUrl,
  options: FetchImageOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  let place = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const answer = await fetchHop(place, options, signal);
    if (answer instanceof Uint8Array) return answer;
    place = answer;
  }
  throw new VerificationError('image_not_available', {
    reason: 'redirects',
    context: { host: place.url.hostname },
  });
}

/** Returns the image, or the target of a redirect. */
async function fetchHop(
  place: CheckedUrl,
  options: FetchImageOptions,
  signal: AbortSignal,
): Promise<Uint8Array | CheckedUrl> {
  const { origin, hostname } = place.url;
  let response: Dispatcher.ResponseData | undefined;
  try {
    response = await options.agent.request({
      origin,
      path: requestTargetOf(place.text),
      method: 'GET',
      headers: { 'user-agent': options.userAgent, ...REQUEST_HEADERS, ...place.headers },
      // The deadline covers both; undici's own limits restart with every byte.
      headersTimeout: 0,
      bodyTimeout: 0,
      signal,
    });
    const { statusCode, headers } = response;
    if (REDIRECT_STATUSES.has(statusCode)) return readRedirect(response, place, options);
    if (!WHOLE_STATUSES.has(statusCode)) throw toStatusError(statusCode, hostname, headers['retry-after']);
    return await readImageBody(response, { ...options, host: hostname, signal });
  } catch (error) {
    throw toFetchError(error, hostname);
  } finally {
    // Closes the socket of a response that was not read to its end; the listener absorbs the resulting error.
    response?.body.on('error', () => undefined).destroy();
  }
}

function readRedirect(
  response: Dispatcher.ResponseData,
  from: CheckedUrl,
  options: FetchImageOptions,
): CheckedUrl {
  const { location } = response.headers;
  const host = from.url.hostname;
  const text = typeof location === 'string' ? resolveLocation(location, from.text) : '';
  if (!URL.canParse(text)) throw toStatusError(response.statusCode, host, undefined);
  const forbidden = (why: string, cause?: unknown) =>
    new VerificationError('image_url_forbidden', {
      detail: `The image URL redirects to a URL that is not allowed. ${why}`,
      cause,
      context: { host, reason: 'redirect' },
    });
  const url = checkTarget(text, options.policy, forbidden);
  if (from.url.protocol === 'https:' && url.protocol !== 'https:')
    throw forbidden('It leads from https to http.');
  const isSameHost = hostHeadersFor(url, options) === from.headers;
  return { text, url, headers: isSameHost ? from.headers : undefined };
}

function hostHeadersFor(url: URL, { hostHeaders, policy }: FetchImageOptions): CheckedUrl['headers'] {
  return hostHeaders && headersFor(url, hostHeaders, policy);
}

/** @throws what `forbidden` returns for a URL that checkUrl refuses. */
function checkTarget(
  text: string,
  policy: AddressPolicy,
  forbidden: (why: string, cause: unknown) => VerificationError,
): URL {
  try {
    return checkUrl(text, policy, 'image');
  } catch (error) {
    throw forbidden(toVerificationError(error).message, error);
  }
}
