import { createElement } from './create-element.js';
import { describeWarning, PHOTO_NAMES } from './describe-warning.js';
import { createPhoto } from './photo.js';

const CHIPS = {
  matched: '✓ matches',
  not_matched: '✕ does not match',
  usable: 'compared with',
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
    createPhoto(url, {
      alt: `${PHOTO_NAMES[name]}, ${CHIPS[status].slice(CHIPS[status].indexOf(' ') + 1)}`,
      face: evidence?.face,
    }),
    createElement('h3', {}, PHOTO_NAMES[name]),
    createElement('span', { class: `chip ${status}` }, CHIPS[status]),
  );
  if (typeof evidence?.similarity === 'number') card.append(createBar(evidence.similarity, threshold));
  const code = evidence?.code ?? reason?.code;
  if (code) card.append(createReason(code, evidence?.detail ?? reason?.detail));
  const warnings = evidence?.warnings ?? [];
  if (warnings.length > 0) card.append(createElement('p', { class: 'caution' }, listWarnings(warnings)));
  const facts = evidence ? describeFace(evidence) : [];
  if (facts.length > 0) card.append(createElement('p', { class: 'hint' }, facts.join(' · ')));
  return card;
}

/**
 * Returns an error code that links to its explanation, followed by `detail`.
 * @param {string} code
 * @param {string} [detail]
 */
export function createReason(code, detail) {
  const link = createElement('a', { href: `docs/errors#${code}` }, createElement('code', {}, code));
  return createElement('p', { class: 'reason' }, link, ...(detail ? [` ${detail}`] : []));
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
  return createElement(
    'div',
    { class: 'bar' },
    createElement(
      'p',
      {},
      'similarity ',
      createElement('strong', {}, similarity.toFixed(4)),
      createElement('span', { class: 'hint' }, ` threshold ${threshold}`),
    ),
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
