import { IMAGES } from '../request.js';

/** @typedef {import('../request.js').ImageName} ImageName */

/** Usual names of a reference, like those in a folder of `npm start -- --photos`. */
const REFERENCE_NAME = /^(back|ref|passport|licen[cs]e|document)|^id(?![a-z])/i;
const byName = new Intl.Collator('en', { numeric: true });

/**
 * Decides where several photos go: in the order of their names, the reference last. Four or more fill every place; fewer
 * fill only the place that the person pointed at and the empty ones.
 * @template {{ name: string }} Photo
 * @param {readonly Photo[]} photos
 * @param {{ empty: readonly ImageName[], first?: ImageName | undefined }} places - first: the one that was pointed at
 * @returns {{ placed: [ImageName, Photo][], unused: Photo[] }}
 */
export function assignPhotos(photos, { empty, first }) {
  const sorted = [...photos].sort((one, other) => byName.compare(one.name, other.name));
  const isFull = sorted.length >= IMAGES.length;
  const places = isFull ? [...IMAGES] : [...new Set(first ? [first, ...empty] : empty)];
  const references = sorted.filter(({ name }) => REFERENCE_NAME.test(name));
  /** @type {[ImageName, Photo][]} */
  const placed = [];
  // A single photo goes where it was dropped, whatever its name.
  const [reference] = references;
  if (reference && places.includes('back_image') && !(first && sorted.length === 1)) {
    placed.push(['back_image', reference]);
    places.splice(places.indexOf('back_image'), 1);
    sorted.splice(sorted.indexOf(reference), 1);
  }
  for (const name of places) {
    const photo = sorted.shift();
    if (photo) placed.push([name, photo]);
  }
  return { placed, unused: sorted };
}
