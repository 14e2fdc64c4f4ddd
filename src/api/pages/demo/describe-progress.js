/**
 * Returns what is known of a job that has not ended. `active` only says that a worker has taken it: that worker may have
 * died since, and then the job is queued again.
 * @param {{ status: string, created_at: string, started_at?: string, attempts: number }} view
 * @param {number} now - ms since 1970
 */
export function describeProgress({ status, created_at, started_at, attempts }, now) {
  const since = (/** @type {string} */ time) => {
    const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1_000));
    return `${seconds} second${seconds === 1 ? '' : 's'} ago`;
  };
  const attempt = attempts > 1 ? ` Attempt ${attempts}.` : '';
  if (status === 'active' && started_at) return `A worker took the job ${since(started_at)}.${attempt}`;
  return `The job waits for a worker. It was queued ${since(created_at)}.${attempt}`;
}
