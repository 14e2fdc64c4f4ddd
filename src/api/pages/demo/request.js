import { PHOTO_NAMES } from './describe-warning.js';

/** @typedef {keyof typeof PHOTO_NAMES} ImageName */

export const IMAGES = /** @type {ImageName[]} */ (Object.keys(PHOTO_NAMES));

/**
 * What a comparison sends: the fields as JSON, photos by URL among them, and the photos that are files; and the address
 * at which this tab shows each photo.
 * @typedef {{ body: { threshold: number, review_margin: number, [field: string]: unknown }, files: (readonly [ImageName, File])[], pictures: Partial<Record<ImageName, string>> }} Request
 */

/**
 * Returns the request that the form and the chosen files describe.
 * @param {HTMLFormElement} form
 * @param {ReadonlyMap<ImageName, { file: File, url: string }>} chosen
 * @returns {Request}
 */
export function readRequest(form, chosen) {
  const fields = new FormData(form);
  const text = (/** @type {string} */ name) => String(fields.get(name) ?? '').trim();
  const photos = IMAGES.filter((name) => !chosen.has(name)).map((name) => [name, text(name)]);
  const urls = Object.fromEntries(photos);
  const body = {
    user_id: text('user_id'),
    ...urls,
    threshold: Number(text('threshold')),
    min_matches: Number(text('min_matches')),
    review_margin: Number(text('review_margin')),
    ...(fields.has('receipt') ? { receipt: true } : {}),
    evidence: true,
    warnings: true,
  };
  const files = [...chosen].map(([name, { file }]) => /** @type {const} */ ([name, file]));
  const pictures = { ...urls, ...Object.fromEntries([...chosen].map(([name, { url }]) => [name, url])) };
  return { body, files, pictures };
}

/**
 * Returns a request that this tab sent before it was loaded again. Its files are gone.
 * @param {any} body
 * @returns {Request}
 */
export function restoreRequest(body) {
  return { body, files: [], pictures: Object.fromEntries(IMAGES.map((name) => [name, body[name]])) };
}

/**
 * Returns true if both requests send the same.
 * @param {Request} one
 * @param {Request} other
 */
export function isSameRequest(one, other) {
  const write = (/** @type {Request} */ { body, pictures }) => JSON.stringify([body, pictures]);
  return write(one) === write(other);
}

/**
 * Returns the fields in the fragment of the page's address, `#user_id=…&front_image1=…`, which browsers never send to a
 * server.
 * @param {string} fragment
 * @returns {Record<string, string>}
 */
export function parseFragment(fragment) {
  return Object.fromEntries(new URLSearchParams(fragment.replace(/^#/, '')));
}

/**
 * Fills the form with these fields of a request.
 * @param {HTMLFormElement} form
 * @param {Record<string, unknown>} fields
 */
export function fillForm(form, fields) {
  for (const name of ['user_id', 'threshold', 'min_matches', 'review_margin', ...IMAGES]) {
    const field = form.elements.namedItem(name);
    const value = fields[name];
    if (field !== null && value !== undefined && 'value' in field) field.value = String(value);
  }
}
