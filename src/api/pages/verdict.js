/**
 * What an answer comes to.
 * @typedef {'matched' | 'not_matched' | 'undecided' | 'running' | 'refused' | 'unavailable'} VerdictKind
 * @typedef {{ kind: VerdictKind, title: string, text: string, evidence?: any, problem?: any }} Verdict
 */

/**
 * Returns what an answer of `POST /compare-faces` or `GET /jobs/:id` comes to. What is no clear yes and no clear no is
 * never shown as a no.
 * @param {import('./client.js').Answer} answer
 * @returns {Verdict}
 */
export function judgeAnswer({ status, body }) {
  const result = body?.result ?? body;
  if (status === 200 && typeof result?.matched === 'boolean') return judgeResult(result);
  const problem = body?.error ?? body;
  if (typeof problem?.code === 'string') return judgeProblem(problem);
  const text = `The answer (status ${status}) is none that this page knows.`;
  return { kind: 'unavailable', title: 'No answer', text };
}

/** Returns what is shown when no answer came at all. */
export function judgeSilence() {
  const text = 'The service could not be reached. Is it still running?';
  return /** @type {Verdict} */ ({ kind: 'unavailable', title: 'No answer', text });
}

/**
 * @param {any} result
 * @returns {Verdict}
 */
function judgeResult({ matched, evidence }) {
  const counted = evidence
    ? `${evidence.matches} of 3 photos match; ${evidence.min_matches} are needed. `
    : '';
  const warned = evidence?.warnings.includes('duplicate_images')
    ? 'Some of the photos are one photo, so they count for less than they seem. '
    : '';
  return matched
    ? {
        kind: 'matched',
        title: 'Matched',
        text: `${counted}${warned}The photos show the same person.`,
        evidence,
      }
    : {
        kind: 'not_matched',
        title: 'Not matched',
        text: `${counted}${warned}The photos do not show the person of the reference.`,
        evidence,
      };
}

/**
 * @param {any} problem
 * @returns {Verdict}
 */
function judgeProblem(problem) {
  const again = problem.retryable ? ' The same request may succeed later.' : '';
  const text = `${problem.detail}${again}`;
  if (problem.code === 'wait_timeout') return { kind: 'running', title: 'Still comparing', text, problem };
  if (problem.code === 'job_cancelled') return { kind: 'refused', title: 'Cancelled', text, problem };
  // A problem with a photo that was looked at carries the job that looked; a refusal at the door has none.
  if (problem.image && problem.job_id) {
    return { kind: 'undecided', title: 'Could not tell', text: `This is not a “no”. ${text}`, problem };
  }
  if (problem.status >= 500) return { kind: 'unavailable', title: 'No answer', text, problem };
  return { kind: 'refused', title: 'Not accepted', text, problem };
}
