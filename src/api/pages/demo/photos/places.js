import { createElement } from '../create-element.js';
import { IMAGES } from '../request.js';
import { explainFile, explainUrl, formatBytes } from './explain-photo.js';
import { createPhoto } from './photo.js';

/** @typedef {import('../request.js').ImageName} ImageName */

/** Pause in typing after which a photo is loaded, ms. */
const TYPING_MS = 400;

/** The photos that are files. `url` shows the file in this tab. @type {Map<ImageName, { file: File, url: string }>} */
const chosen = new Map();
/** Largest photo that the service accepts, bytes. */
let maxBytes = Number.POSITIVE_INFINITY;

/** @type {ReadonlyMap<ImageName, { file: File, url: string }>} */
export const chosenFiles = chosen;

/**
 * Shows in each place its photo, and what is wrong with it.
 * @param {number} maxImageBytes - largest photo that the service accepts
 */
export function watchPlaces(maxImageBytes) {
  maxBytes = maxImageBytes;
  for (const name of IMAGES) {
    let timer = 0;
    fieldOf(name).addEventListener('input', () => {
      clearTimeout(timer);
      noteReason(name, '');
      showControls(name);
      timer = setTimeout(() => showPhoto(name), TYPING_MS);
    });
    partOf(name, '[data-remove]').addEventListener('click', () => {
      putUrl(name, '');
      fieldOf(name).focus();
    });
    showPhoto(name);
  }
}

/**
 * Puts a file in a place, instead of the photo there.
 * @param {ImageName} name
 * @param {File} file
 */
export function putFile(name, file) {
  forget(name);
  chosen.set(name, { file, url: URL.createObjectURL(file) });
  change(name, '');
}

/**
 * Puts a URL in a place, instead of the photo there. An empty one leaves the place empty.
 * @param {ImageName} name
 * @param {string} url
 */
export function putUrl(name, url) {
  forget(name);
  change(name, url);
}

/** Returns the places without a photo. */
export function emptyPlaces() {
  return IMAGES.filter((name) => !isFilled(name));
}

/** Moves the focus to the first file that cannot be sent, and says why. Resolves with false if all files can be. */
export async function focusFaultyFile() {
  for (const [name, { file }] of chosen) {
    const fault = explainFile(file, maxBytes) || (await explainReading(file));
    if (fault === '') continue;
    noteReason(name, fault);
    partOf(name, '[data-remove]').focus();
    return true;
  }
  return false;
}

/**
 * Browsers refuse to read a folder, and a file that was moved or changed since it was chosen.
 * @param {File} file
 */
function explainReading(file) {
  const fault = 'This file cannot be read, or it has changed. Choose it again.';
  return file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => '',
      () => fault,
    );
}

/**
 * Shows in each place the reason that the service gives for its photo.
 * @param {any[]} errors - those of a problem
 */
export function showReasons(errors) {
  for (const { image, field, detail } of errors) {
    const name = IMAGES.find((known) => known === (image ?? field));
    if (name) noteReason(name, detail);
  }
}

/** @param {ImageName} name */
function forget(name) {
  const old = chosen.get(name);
  if (old) URL.revokeObjectURL(old.url);
  chosen.delete(name);
}

/**
 * @param {ImageName} name
 * @param {string} url
 */
function change(name, url) {
  const field = fieldOf(name);
  field.value = url;
  showPhoto(name);
  field.form?.dispatchEvent(new Event('input'));
}

/** @param {ImageName} name */
function isFilled(name) {
  return chosen.has(name) || fieldOf(name).value.trim() !== '';
}

/** @param {ImageName} name */
function showPhoto(name) {
  const photo = chosen.get(name);
  const url = photo?.url ?? fieldOf(name).value.trim();
  const fault = photo ? explainFile(photo.file, maxBytes) : explainUrl(url);
  const what = photo ? 'show this file as a photo' : 'load a photo from this URL';
  const onError = () => noteReason(name, `This browser cannot ${what}.`);
  partOf(name, '[data-thumbnail]').replaceChildren(createPhoto(fault ? '' : url, { alt: '', onError }));
  noteReason(name, fault);
  showControls(name);
}

/** @param {ImageName} name */
function showControls(name) {
  const photo = chosen.get(name);
  const field = fieldOf(name);
  // A disabled field is neither required nor sent.
  field.hidden = field.disabled = photo !== undefined;
  partOf(name, '.file').replaceChildren(...(photo ? describeFile(photo.file) : []));
  partOf(name, '[data-choose]').hidden = isFilled(name);
  partOf(name, '[data-remove]').hidden = !isFilled(name);
}

/** @param {File} file */
function describeFile({ name, size }) {
  return [
    createElement('span', { class: 'name', title: name }, name),
    createElement('span', { class: 'hint' }, formatBytes(size)),
  ];
}

/**
 * @param {ImageName} name
 * @param {string} reason
 */
function noteReason(name, reason) {
  partOf(name, '.note').textContent = reason;
  if (reason) fieldOf(name).setAttribute('aria-invalid', 'true');
  else fieldOf(name).removeAttribute('aria-invalid');
}

/** @param {ImageName} name */
function fieldOf(name) {
  return /** @type {HTMLInputElement} */ (document.getElementById(name));
}

/**
 * @param {ImageName} name
 * @param {string} selector
 */
function partOf(name, selector) {
  return /** @type {HTMLElement} */ (document.querySelector(`[data-place="${name}"] ${selector}`));
}
