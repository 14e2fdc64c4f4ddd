import { PHOTO_NAMES } from '../describe-warning.js';
import { IMAGES } from '../request.js';
import { assignPhotos } from './assign-photos.js';
import { watchCamera } from './camera.js';
import { emptyPlaces, putFile, putUrl } from './places.js';

/** @typedef {import('../request.js').ImageName} ImageName */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Takes photos that are chosen, dropped, pasted, captured or samples.
 * @param {{ acceptsUploads: boolean }} service
 */
export function watchPhotoSources({ acceptsUploads }) {
  const take = acceptsUploads ? takeFiles : () => announce(byId('no-uploads').textContent ?? '');
  watchDrops(take);
  addEventListener('paste', (event) => {
    const files = filesOf(event.clipboardData);
    if (files.length === 0) return; // Text goes where the cursor is.
    event.preventDefault();
    const name = placeOf(event.target);
    take(files, name && emptyPlaces().includes(name) ? name : undefined);
  });
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-sample]')))
    button.addEventListener('click', () => takeSample(JSON.parse(button.dataset.sample ?? '{}')));
  if (!acceptsUploads) return;
  watchChoices();
  watchCamera((shots) => takeFiles(shots, 'front_image1'));
}

/** One hidden field opens the file dialog of the system for all places, or for one. */
function watchChoices() {
  const field = /** @type {HTMLInputElement} */ (byId('files'));
  /** @type {ImageName | undefined} */
  let first;
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-choose]')))
    button.addEventListener('click', () => {
      first = placeOf(button);
      field.click();
    });
  field.addEventListener('change', () => {
    takeFiles([...(field.files ?? [])], first);
    field.value = ''; // Otherwise, choosing the same file again would be no change.
  });
}

/** @param {(files: File[], first?: ImageName) => void} take */
function watchDrops(take) {
  const mark = (/** @type {boolean} */ isOver) => byId('request').classList.toggle('dropping', isOver);
  addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault(); // Otherwise, the browser would leave the page and open the file.
    mark(true);
  });
  addEventListener('dragleave', (event) => mark(event.relatedTarget !== null));
  addEventListener('drop', (event) => {
    mark(false);
    const files = filesOf(event.dataTransfer);
    if (files.length === 0) return;
    event.preventDefault();
    take(files, placeOf(event.target));
  });
}

/**
 * @param {File[]} files
 * @param {ImageName} [first] - the place that the person pointed at
 */
function takeFiles(files, first) {
  const hadFocus = placeOf(document.activeElement) !== undefined;
  const { placed, unused } = assignPhotos(files, { empty: emptyPlaces(), first });
  for (const [name, file] of placed) putFile(name, file);
  announce(
    describePlaced(
      placed.map(([name]) => name),
      unused.length,
    ),
  );
  if (hadFocus) focusNext();
}

/** @param {Record<ImageName, string>} urls */
function takeSample(urls) {
  for (const name of IMAGES) putUrl(name, urls[name]);
  announce('Four sample photos are in place.');
}

/** A control that had the focus is hidden once its place is filled. */
function focusNext() {
  const [next] = emptyPlaces();
  const place =
    next === undefined ? undefined : document.querySelector(`[data-place="${next}"] [data-choose]`);
  /** @type {HTMLElement} */ (place ?? byId('compare')).focus();
}

/**
 * @param {ImageName[]} names - of the places that were filled
 * @param {number} unused
 */
function describePlaced(names, unused) {
  if (names.length === 0) return 'All places are filled. Remove a photo, or drop the new one onto it.';
  const isAll = names.length === IMAGES.length;
  const text = `Added ${isAll ? 'four photos' : names.map((name) => PHOTO_NAMES[name].toLowerCase()).join(', ')}.`;
  return unused === 0 ? text : `${text} ${unused} more had no place.`;
}

/** @param {string} text */
function announce(text) {
  byId('photos-note').textContent = text;
}

/** @param {DataTransfer | null} transfer */
function filesOf(transfer) {
  return [...(transfer?.files ?? [])];
}

/**
 * @param {EventTarget | null} target
 * @returns {ImageName | undefined}
 */
function placeOf(target) {
  const place = target instanceof Element ? target.closest('[data-place]') : null;
  return IMAGES.find((name) => name === place?.getAttribute('data-place'));
}
