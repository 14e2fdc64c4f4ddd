import { createElement } from './create-element.js';
import { describeWarning, PHOTO_NAMES } from './describe-warning.js';
import { createPhotoCard, createReason } from './photo-card.js';
import { IMAGES } from './request.js';

const MARKS = {
  matched: '✓',
  not_matched: '✕',
  undecided: '?',
  running: '…',
  refused: '!',
  unavailable: '!',
};

/**
 * Shows that a comparison is running and scrolls there: on a phone, `place` is below the form.
 * @param {HTMLElement} place
 * @param {string} text
 */
export function showProgress(place, text) {
  place.setAttribute('aria-busy', 'true');
  place.replaceChildren(
    createElement('h2', { id: 'result-title' }, 'Comparing…'),
    createElement(
      'p',
      { class: 'progress', role: 'status' },
      createElement('span', { class: 'spinner' }),
      text,
    ),
  );
  place.scrollIntoView({ block: 'nearest' });
}

/**
 * Shows the result of a request and moves the focus there.
 * @param {HTMLElement} place
 * @param {import('./verdict.js').Verdict} verdict
 * @param {{ body: any, answer?: import('./client.js').Answer, onContinue: (jobId: string) => void }} context - body: of
 *   the request
 */
export function showVerdict(place, verdict, { body, answer, onContinue }) {
  place.removeAttribute('aria-busy');
  place.replaceChildren(createHeadline(verdict));
  const { evidence, problem, warnings = [] } = verdict;
  if (verdict.kind === 'running' && problem) place.append(createContinue(problem.job_id, onContinue));
  if (evidence || verdict.kind === 'undecided') place.append(createCards(verdict, body));
  else if (problem) place.append(...createReasons(problem));
  else if (warnings.length > 0) place.append(createWarnings(warnings));
  if (evidence) place.append(createFacts(evidence));
  if (answer) place.append(createRaw(answer));
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: 'nearest' });
}

/** @param {import('./verdict.js').Verdict} verdict */
function createHeadline({ kind, title, text }) {
  return createElement(
    'div',
    { class: `verdict ${kind}`, 'data-verdict': kind },
    createElement('span', { class: 'mark', 'aria-hidden': 'true' }, MARKS[kind]),
    createElement(
      'div',
      {},
      createElement('h2', { id: 'result-title' }, title),
      createElement('p', {}, text),
    ),
  );
}

/**
 * @param {import('./verdict.js').Verdict} verdict
 * @param {any} body
 */
function createCards({ evidence, problem }, body) {
  const reasons = problem?.errors ?? [];
  const cards = ['back_image', ...IMAGES.filter((name) => name !== 'back_image')].map((name) =>
    createPhotoCard(/** @type {'back_image'} */ (name), {
      url: body[name],
      evidence: evidence?.images[name],
      reason: reasons.find((/** @type {any} */ item) => item.image === name),
      threshold: evidence?.threshold ?? body.threshold,
    }),
  );
  return createElement('div', { class: 'cards' }, ...cards);
}

/**
 * @param {any} problem
 * @returns {HTMLElement[]}
 */
function createReasons({ code, errors = [] }) {
  if (errors.length === 0) return [createReason(code)];
  const lines = errors.map((/** @type {any} */ item) => {
    const place = item.field ?? item.image;
    return createElement(
      'li',
      {},
      ...(place ? [createElement('code', {}, place)] : []),
      createReason(item.code, item.detail),
    );
  });
  return [createElement('ul', { class: 'reasons' }, ...lines)];
}

/** @param {any[]} warnings */
function createWarnings(warnings) {
  const lines = warnings.map(({ image, code }) => {
    const name = PHOTO_NAMES[/** @type {keyof typeof PHOTO_NAMES} */ (image)];
    return createElement('li', {}, `${name}: ${describeWarning(code)}`);
  });
  return createElement('ul', { class: 'reasons' }, ...lines);
}

/** @param {any} evidence */
function createFacts({ threshold, fmr, model, timings_ms: timings }) {
  const rows = [
    [
      'threshold',
      fmr === undefined
        ? String(threshold)
        : `${threshold} (false match rate at most ${fmr.toExponential()})`,
    ],
    ['model pack', model.pack],
    ...Object.entries(timings).map(([step, ms]) => [step, `${ms} ms`]),
  ];
  return createElement(
    'details',
    {},
    createElement('summary', {}, 'How this was decided'),
    createElement(
      'dl',
      { class: 'facts' },
      ...rows.flatMap(([name, value]) => [
        createElement('dt', {}, name ?? ''),
        createElement('dd', {}, value ?? ''),
      ]),
    ),
  );
}

/** @param {import('./client.js').Answer} answer */
function createRaw({ status, body, milliseconds }) {
  return createElement(
    'details',
    {},
    createElement('summary', {}, `Response: status ${status} after ${milliseconds} ms`),
    createElement('pre', { tabindex: 0 }, JSON.stringify(body, null, 2) ?? ''),
  );
}

/**
 * @param {string} jobId
 * @param {(jobId: string) => void} onContinue
 */
function createContinue(jobId, onContinue) {
  const button = createElement('button', { type: 'button' }, 'Keep waiting');
  button.addEventListener('click', () => onContinue(jobId));
  return button;
}
