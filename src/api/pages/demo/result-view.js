import { copyText } from './copy-text.js';
import { createElement } from './create-element.js';
import { createPhotoCard, createReason } from './photos/photo-card.js';
import { IMAGES } from './request.js';

const MARKS = {
  matched: '✓',
  not_matched: '✕',
  undecided: '?',
  refused: '!',
  unavailable: '!',
};

/**
 * Shows that a comparison has not ended.
 * @param {HTMLElement} place
 * @param {{ text: string, jobId?: string }} progress
 */
export function showProgress(place, { text, jobId }) {
  place.setAttribute('aria-busy', 'true');
  place.classList.remove('stale');
  place.replaceChildren(
    createElement('h2', { id: 'result-title' }, 'Waiting for the answer…'),
    createElement('p', { role: 'status' }, text),
    ...nameJob(jobId),
  );
}

/**
 * Shows the result of a request.
 * @param {HTMLElement} place
 * @param {import('./verdict.js').Verdict} verdict
 * @param {{ request: import('./request.js').Request, answer?: import('./client.js').Answer | undefined, jobId?: string | undefined, onContinue?: (() => void) | undefined }} context
 */
export function showVerdict(place, verdict, { request, answer, jobId, onContinue }) {
  place.removeAttribute('aria-busy');
  place.replaceChildren(createHeadline(verdict));
  const { evidence, problem } = verdict;
  if (evidence || verdict.kind === 'undecided') place.append(createCards(verdict, request));
  else if (problem) place.append(...createReasons(problem));
  else if (onContinue) place.append(createContinue(onContinue));
  place.append(...nameJob(jobId));
  if (evidence) place.append(createFacts(evidence));
  if (verdict.receipt) place.append(createReceipt(verdict.receipt));
  if (answer) place.append(createRaw(answer));
}

/**
 * Moves the focus to the result and, if it starts below the middle of the screen, scrolls there.
 * @param {HTMLElement} place
 */
export function revealResult(place) {
  place.focus({ preventScroll: true });
  const { top } = place.getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) place.scrollIntoView();
}

/**
 * Greys out a result that belongs to another request than the one in the form.
 * @param {HTMLElement} place
 * @param {boolean} isStale
 */
export function markStale(place, isStale) {
  if (place.classList.toggle('stale', isStale) === (document.getElementById('stale') !== null)) return;
  if (!isStale) return document.getElementById('stale')?.remove();
  const text = 'The photos or options have changed since this answer. Compare again.';
  place.prepend(createElement('p', { id: 'stale', class: 'notice', role: 'status' }, text));
}

/** @param {string} [jobId] */
function nameJob(jobId) {
  return jobId ? [createElement('p', { class: 'hint' }, 'Job ', createElement('code', {}, jobId))] : [];
}

/** @param {import('./verdict.js').Verdict} verdict */
function createHeadline({ kind, title, text, borderline }) {
  const mark = createElement('span', { 'aria-hidden': 'true' }, `${MARKS[kind]} `);
  const close = 'Borderline: close to the threshold. Have a person look at the photos.';
  return createElement(
    'div',
    { class: `verdict ${kind}`, 'data-verdict': kind },
    createElement('h2', { id: 'result-title' }, mark, title),
    createElement('p', {}, text),
    ...(borderline ? [createElement('p', { class: 'notice' }, close)] : []),
  );
}

/**
 * @param {import('./verdict.js').Verdict} verdict
 * @param {import('./request.js').Request} request
 */
function createCards({ evidence, problem }, { body, pictures }) {
  const reasons = problem?.errors ?? [];
  const cards = IMAGES.map((name) =>
    createPhotoCard(name, {
      url: pictures[name] ?? '',
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
  if (errors.length === 0) return [createElement('p', {}, ...createReason(code))];
  const lines = errors.map((/** @type {any} */ item) => {
    const place = item.field ?? item.image;
    const name = place ? [createElement('code', {}, place), ' '] : [];
    return createElement('li', {}, ...name, ...createReason(item.code, item.detail));
  });
  return [createElement('ul', { class: 'reasons' }, ...lines)];
}

/** @param {any} evidence */
function createFacts({ threshold, fmr, model, timings_ms: timings }) {
  const rate = fmr === undefined ? '' : ` (false match rate at most ${fmr.toExponential()})`;
  const rows = [
    ['threshold', `${threshold}${rate}`],
    ['model pack', model.pack],
    ...Object.entries(timings).map(([step, ms]) => [step, `${ms} ms`]),
  ];
  const terms = rows.flatMap(([name, value]) => [
    createElement('dt', {}, name ?? ''),
    createElement('dd', {}, value ?? ''),
  ]);
  return createDetails('How this was decided', createElement('dl', {}, ...terms));
}

/** @param {string} receipt */
function createReceipt(receipt) {
  const text = createElement('pre', { tabindex: 0 }, receipt);
  const note = createElement('span', { class: 'hint', role: 'status' });
  const button = createElement('button', { type: 'button', class: 'small' }, 'Copy');
  button.addEventListener('click', () => void copyText(text, note));
  return createDetails('Signed receipt', createElement('div', {}, text, button, ' ', note));
}

/** @param {import('./client.js').Answer} answer */
function createRaw({ status, body }) {
  const text = JSON.stringify(body, null, 2) ?? '';
  return createDetails(`Response as JSON (status ${status})`, createElement('pre', { tabindex: 0 }, text));
}

/**
 * @param {string} summary
 * @param {HTMLElement} content
 */
function createDetails(summary, content) {
  return createElement('details', {}, createElement('summary', {}, summary), content);
}

/** @param {() => void} onContinue */
function createContinue(onContinue) {
  const button = createElement('button', { type: 'button' }, 'Ask again');
  button.addEventListener('click', onContinue);
  return button;
}
