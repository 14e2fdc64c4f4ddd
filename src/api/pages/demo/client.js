/** Longest time for which the service holds a poll, seconds. The first polls are shorter, to show soon that a job has started. */
const MAX_POLL_SECONDS = 10;

/**
 * A response of the service: its status and its parsed body.
 * @typedef {{ status: number, body: any }} Answer
 * @typedef {{ key: string, signal: AbortSignal }} Call
 */

/**
 * Queues a comparison. Names of files stay in the browser.
 * @param {import('./request.js').Request} request
 * @param {Call} call
 */
export function createJob({ body, files }, call) {
  const json = JSON.stringify(body);
  if (files.length === 0) return exchange('jobs', { method: 'POST', body: json }, call);
  const form = new FormData();
  form.append('request', json);
  for (const [name, file] of files) form.append(name, file, name);
  return exchange('jobs', { method: 'POST', body: form }, call);
}

/**
 * Reads a job. If it has not ended, the service holds the request until it has, for so many seconds at most.
 * @param {string} jobId
 * @param {number} seconds
 * @param {Call} call
 */
export function readJob(jobId, seconds, call) {
  const headers = { Prefer: `wait=${seconds}` };
  return exchange(`jobs/${encodeURIComponent(jobId)}`, { headers }, call);
}

/**
 * Polls a job until it has ended. Calls `onView` after every poll of a job that has not.
 * @param {string} jobId
 * @param {Call & { onView: (view: any) => void }} call
 * @returns {Promise<Answer>}
 */
export async function waitForJob(jobId, call) {
  for (let seconds = 0; ; seconds = Math.min(MAX_POLL_SECONDS, seconds + 1)) {
    const answer = await readJob(jobId, seconds, call);
    if (answer.status !== 200 || !['queued', 'active'].includes(answer.body.status)) return answer;
    call.onView(answer.body);
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
 * @param {{ method?: string, body?: string | FormData, headers?: Record<string, string> }} request
 * @param {Call} call
 * @returns {Promise<Answer>}
 */
async function exchange(path, { method = 'GET', body, headers = {} }, { key, signal }) {
  const response = await fetch(path, {
    method,
    signal,
    headers: {
      ...headers,
      ...(typeof body === 'string' ? { 'Content-Type': 'application/json' } : {}),
      ...(key ? { 'X-API-Key': key } : {}),
    },
    ...(body === undefined ? {} : { body }),
  });
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, body: isJson ? await response.json() : undefined };
}
