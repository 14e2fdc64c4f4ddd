import { PHOTO_NAMES } from './describe-warning.js';

export const IMAGES = /** @type {(keyof typeof PHOTO_NAMES)[]} */ (Object.keys(PHOTO_NAMES));

/**
 * Returns the request body that the form describes.
 * @param {HTMLFormElement} form
 */
export function readRequest(form) {
  const fields = new FormData(form);
  const text = (/** @type {string} */ name) => String(fields.get(name) ?? '').trim();
  return {
    user_id: text('user_id'),
    front_image1: text('front_image1'),
    front_image2: text('front_image2'),
    front_image3: text('front_image3'),
    back_image: text('back_image'),
    threshold: Number(text('threshold')),
    min_matches: Number(text('min_matches')),
    evidence: true,
    warnings: true,
  };
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
  for (const name of ['user_id', 'threshold', 'min_matches', ...IMAGES]) {
    const field = form.elements.namedItem(name);
    const value = fields[name];
    if (field !== null && value !== undefined && 'value' in field) field.value = String(value);
  }
}

/**
 * Returns what is wrong with the text of a photo's field, or nothing.
 * @param {string} text
 */
export function explainUrl(text) {
  if (text === '') return '';
  if (!URL.canParse(text)) return 'This is not a complete URL. It starts with https:// or http://.';
  if (!/^https?:$/.test(new URL(text).protocol)) return 'The URL must start with https:// or http://.';
  return '';
}

/**
 * Returns a POSIX shell command that sends the same request. The key stays in a variable, because commands get pasted and
 * stored.
 * @param {ReturnType<typeof readRequest>} body
 * @param {{ url: string, withKey: boolean }} options
 */
export function curlLine(body, { url, withKey }) {
  const parts = [
    `curl -sS ${quote(url)}`,
    "-H 'Content-Type: application/json'",
    ...(withKey ? ['-H "X-API-Key: $API_KEY"'] : []),
    `-d ${quote(JSON.stringify(body, null, 2))}`,
  ];
  return parts.join(' \\\n  ');
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
