/** Time for which the service holds each poll, seconds. The first is short, to show soon whether the job has started. */
const FIRST_POLL_SECONDS = 1;
const POLL_SECONDS = 20;

/**
 * A response of the service: its status and its parsed body.
 * @typedef {{ status: number, body: any, milliseconds: number }} Answer
 * @typedef {{ key: string, signal: AbortSignal }} Call
 */

/**
 * Requests a comparison and waits for the decision.
 * @param {object} body
 * @param {Call} call
 */
export function compareFaces(body, call) {
  return exchange('compare-faces', { method: 'POST', body: JSON.stringify(body) }, call);
}

/**
 * Queues a comparison.
 * @param {object} body
 * @param {Call} call
 */
export function createJob(body, call) {
  return exchange('jobs', { method: 'POST', body: JSON.stringify(body) }, call);
}

/**
 * Polls a job until it has ended and calls `onStatus` after every poll.
 * @param {string} jobId
 * @param {Call & { onStatus: (status: string) => void }} call
 * @returns {Promise<Answer>}
 */
export async function waitForJob(jobId, call) {
  for (let seconds = FIRST_POLL_SECONDS; ; seconds = POLL_SECONDS) {
    const headers = { Prefer: `wait=${seconds}` };
    const answer = await exchange(`jobs/${encodeURIComponent(jobId)}`, { headers }, call);
    if (answer.status !== 200 || !['queued', 'active'].includes(answer.body.status)) return answer;
    call.onStatus(answer.body.status);
  }
}

/**
 * Cancels a job if it has not started.
 * @param {string} jobId
 * @param {Call} call
 */
export function cancelJob(jobId, call) {
  return exchange(`jobs/${encodeURIComponent(jobId)}`, { method: 'DELETE' }, call);
}

/** @param {Call} call */
export function readReadiness(call) {
  return exchange('health/ready', {}, call);
}

/** @param {Call} call */
export function listModels(call) {
  return exchange('models', {}, call);
}

/**
 * @param {string} path - relative to the page, so that the service can run below a prefix
 * @param {{ method?: string, body?: string, headers?: Record<string, string> }} request
 * @param {Call} call
 * @returns {Promise<Answer>}
 */
async function exchange(path, { method = 'GET', body, headers = {} }, { key, signal }) {
  const startedAt = performance.now();
  const response = await fetch(path, {
    method,
    signal,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(key ? { 'X-API-Key': key } : {}),
    },
    ...(body === undefined ? {} : { body }),
  });
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    body: isJson ? await response.json() : undefined,
    milliseconds: Math.round(performance.now() - startedAt),
  };
}
