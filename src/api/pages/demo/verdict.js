import { isCopyWarning } from './describe-warning.js';

/**
 * The result of a request.
 * @typedef {'matched' | 'not_matched' | 'undecided' | 'refused' | 'unavailable'} VerdictKind
 * @typedef {{ kind: VerdictKind, title: string, text: string, evidence?: any, warnings?: any[], borderline?: boolean, receipt?: string, problem?: any }} Verdict
 */

/**
 * Returns the result that a response of `POST /jobs` or `GET /jobs/:id` stands for. Only a decided comparison is
 * shown as matched or not matched.
 * @param {import('./client.js').Answer} answer
 * @returns {Verdict}
 */
export function judgeAnswer({ status, body }) {
  const result = body?.result ?? body;
  const problem = body?.error ?? body;
  if (status === 200 && typeof result?.matched === 'boolean')
    return { ...judgeResult(result), receipt: result.receipt };
  if (typeof problem?.code === 'string')
    return { ...judgeProblem(problem, body.evidence ?? problem.evidence), receipt: problem.receipt };
  const text = `This page does not recognise the response (status ${status}).`;
  return { kind: 'unavailable', title: 'No answer', text };
}

/** The result shown if the person cancelled before the service accepted the request. @type {Verdict} */
export const STOPPED = { kind: 'refused', title: 'Cancelled', text: 'You cancelled this request.' };

/** Returns the result shown if the service sent no response. */
export function judgeSilence() {
  const text = 'The service could not be reached. Is it still running?';
  return /** @type {Verdict} */ ({ kind: 'unavailable', title: 'No answer', text });
}

/**
 * @param {any} result
 * @returns {Verdict}
 */
function judgeResult({ matched, evidence, borderline, warnings = [] }) {
  const count = evidence ? `: ${evidence.matches} of 3 match, ${evidence.min_matches} must match` : '';
  const caution = describeCaution(warnings);
  if (!matched) {
    const text = `Too few probe photos show the person in the reference photo${count}.${caution}`;
    return { kind: 'not_matched', title: 'Not matched', text, evidence, warnings, borderline };
  }
  const text = `The probe photos show the person in the reference photo${count}.${caution}`;
  return { kind: 'matched', title: 'Matched', text, evidence, warnings, borderline };
}

/** @param {any[]} warnings */
function describeCaution(warnings) {
  if (warnings.some(({ code }) => isCopyWarning(code)))
    return ' Careful: some of the photos are copies of one another, so this result is weaker than it looks.';
  return warnings.length > 0 ? ' Careful: some photos have a warning. See below.' : '';
}

/**
 * @param {any} problem
 * @param {any} evidence - of a comparison without a decision
 * @returns {Verdict}
 */
function judgeProblem(problem, evidence) {
  const again = problem.retryable ? ' The same request may succeed later.' : '';
  const text = `${problem.detail}${again}`;
  if (problem.code === 'job_cancelled') return { kind: 'refused', title: 'Cancelled', text, problem };
  // A problem with an analysed photo carries its job; a request that was refused has no job.
  if (problem.image && problem.job_id) {
    const why = `This is not a “no”: ${explainDoubt(problem)}${again}`;
    return { kind: 'undecided', title: 'Could not tell', text: why, evidence, problem };
  }
  if (problem.status >= 500) return { kind: 'unavailable', title: 'No answer', text, problem };
  const plain = problem.errors ? 'Nothing was compared.' : text;
  return { kind: 'refused', title: 'Not accepted', text: plain, problem };
}

/** @param {any} problem */
function explainDoubt({ code, image, detail, errors = [] }) {
  if (code === 'duplicate_image') return detail;
  if (image === 'back_image') return 'the reference photo could not be judged.';
  const count = errors.length === 1 ? '1 of 3 probe photos' : `${errors.length} of 3 probe photos`;
  return `${count} could not be judged, and the result depends on ${errors.length === 1 ? 'it' : 'them'}.`;
}
