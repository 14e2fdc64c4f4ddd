import { createElement, createSvg } from '../create-element.js';

/**
 * Returns the photo at `url` with the compared face marked. This browser loads the picture, while the service found the
 * face: one can succeed where the other fails. The frame stays empty then, and `onError` is called.
 * @param {string} url - http, https or blob, or empty for no photo
 * @param {{ alt: string, face?: any, onError?: () => void }} options - face: as in the evidence, in pixels of the upright
 *   photo
 * @returns {HTMLElement}
 */
export function createPhoto(url, { alt, face, onError }) {
  const frame = createElement('div', { class: 'photo' });
  if (url === '') return frame;
  const image = /** @type {HTMLImageElement} */ (
    createElement('img', { alt, referrerpolicy: 'no-referrer', decoding: 'async' })
  );
  image.addEventListener('load', () => {
    if (face) frame.append(drawFace(face, image.naturalWidth, image.naturalHeight));
  });
  image.addEventListener('error', () => {
    image.remove();
    // The address of a file that was taken away leads nowhere.
    if (frame.isConnected) onError?.();
  });
  image.src = url;
  frame.append(image);
  return frame;
}

/**
 * @param {any} face
 * @param {number} width
 * @param {number} height
 */
function drawFace({ box, landmarks }, width, height) {
  const dots = landmarks.map((/** @type {[number, number]} */ [x, y]) =>
    createSvg('circle', { cx: x, cy: y, r: box.width / 40 }),
  );
  return createSvg(
    'svg',
    // The picture fits into its frame in the same way, so the two align.
    { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'xMidYMid meet', 'aria-hidden': 'true' },
    createSvg('rect', { x: box.x, y: box.y, width: box.width, height: box.height, rx: box.width / 20 }),
    ...dots,
  );
}
