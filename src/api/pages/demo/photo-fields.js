import { createPhoto } from './photo.js';
import { explainUrl, IMAGES } from './request.js';

/** Pause in typing after which a photo is loaded, ms. */
const TYPING_MS = 400;

/** Shows below each photo's field what is wrong with its URL, and beside it the photo. */
export function watchPhotoFields() {
  for (const name of IMAGES) {
    let timer = 0;
    fieldOf(name).addEventListener('input', () => {
      clearTimeout(timer);
      noteReason(name, '');
      timer = setTimeout(() => showPhoto(name), TYPING_MS);
    });
    showPhoto(name);
  }
}

/**
 * Shows at each photo's field the reason that the service gives for it.
 * @param {any[]} errors - those of a problem
 */
export function showReasons(errors) {
  for (const { image, field, detail } of errors) {
    const name = IMAGES.find((known) => known === (image ?? field));
    if (name) noteReason(name, detail);
  }
}

/** @param {string} name */
function showPhoto(name) {
  const url = fieldOf(name).value.trim();
  const fault = explainUrl(url);
  const onError = () => noteReason(name, 'This browser cannot load a photo from this URL.');
  document
    .querySelector(`[data-thumbnail="${name}"]`)
    ?.replaceChildren(createPhoto(fault ? '' : url, { alt: '', onError }));
  noteReason(name, fault);
}

/**
 * @param {string} name
 * @param {string} reason
 */
function noteReason(name, reason) {
  const note = document.getElementById(`${name}-note`);
  if (note) note.textContent = reason;
  if (reason) fieldOf(name).setAttribute('aria-invalid', 'true');
  else fieldOf(name).removeAttribute('aria-invalid');
}

/** @param {string} name */
function fieldOf(name) {
  return /** @type {HTMLInputElement} */ (document.getElementById(name));
}
