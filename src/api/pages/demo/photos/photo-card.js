import { createElement } from '../create-element.js';
import { describeWarning, PHOTO_NAMES } from '../describe-warning.js';
import { createPhoto } from './photo.js';

const CHIPS = {
  matched: '✓ matches',
  not_matched: '✕ does not match',
  usable: '✓ usable',
  unusable: '? could not be judged',
  unknown: 'no result',
};

/**
 * Returns the card of one photo: picture, result, similarity and face.
 * @param {keyof typeof PHOTO_NAMES} name
 * @param {{ url: string, evidence?: any, reason?: any, threshold: number }} facts - evidence: of this photo; reason: the
 *   entry of the problem's errors that names it
 * @returns {HTMLElement}
 */
export function createPhotoCard(name, { url, evidence, reason, threshold }) {
  const status = /** @type {keyof typeof CHIPS} */ (evidence?.status ?? (reason ? 'unusable' : 'unknown'));
  const card = createElement(
    'article',
    { class: `card ${status}`, 'data-image': name },
    createPhoto(url, { alt: '', face: evidence?.face, onError: () => card.append(noPhoto()) }),
    createElement('h3', {}, PHOTO_NAMES[name]),
    createElement('span', { class: `pill ${status}` }, CHIPS[status]),
  );
  if (typeof evidence?.similarity === 'number') card.append(createBar(evidence.similarity, threshold));
  const code = evidence?.code ?? reason?.code;
  if (code)
    card.append(
      createElement('p', { class: 'reason' }, ...createReason(code, evidence?.detail ?? reason?.detail)),
    );
  const warnings = evidence?.warnings ?? [];
  if (warnings.length > 0) card.append(createElement('p', {}, listWarnings(warnings)));
  const facts = evidence ? describeFace(evidence) : [];
  if (facts.length > 0) card.append(createElement('p', { class: 'hint' }, facts.join(' · ')));
  return card;
}

/**
 * Returns an error code that links to its explanation, and `detail`.
 * @param {string} code
 * @param {string} [detail]
 * @returns {(Node | string)[]}
 */
export function createReason(code, detail) {
  // In a tab of its own: this one holds a key and an answer.
  const address = { href: `docs/errors#${code}`, target: '_blank', rel: 'noopener' };
  const link = createElement('a', address, createElement('code', {}, code));
  return [link, ...(detail ? [` ${detail}`] : [])];
}

function noPhoto() {
  return createElement('p', { class: 'hint' }, 'This browser cannot load the photo.');
}

/** @param {string[]} warnings */
function listWarnings(warnings) {
  return `Careful: ${warnings.map(describeWarning).join('; ')}.`;
}

/**
 * Similarities run from -1 to 1; the bar shows 0 to 1, the range of thresholds.
 * @param {number} similarity
 * @param {number} threshold
 */
function createBar(similarity, threshold) {
  const track = createElement(
    'div',
    { class: 'track' },
    createElement('div', { class: 'fill' }),
    createElement('div', { class: 'line' }),
  );
  track.style.setProperty('--similarity', String(Math.max(0, similarity)));
  track.style.setProperty('--threshold', String(threshold));
  const value = createElement('strong', {}, similarity.toFixed(4));
  const limit = createElement('span', { class: 'hint' }, `threshold ${threshold}`);
  return createElement(
    'div',
    {},
    createElement('p', { class: 'spread' }, 'similarity ', value, limit),
    track,
  );
}

/**
 * @param {any} evidence
 * @returns {string[]}
 */
function describeFace({ face, faces_found: found }) {
  return [
    ...(found > 1 ? [`${found} faces`] : []),
    ...(face ? [`face ${face.width_px} px wide`, `quality ${face.quality.score.toFixed(2)} of 1`] : []),
  ];
}
