export const IMAGES = ['front_image1', 'front_image2', 'front_image3', 'back_image'];

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
    evidence: fields.has('evidence'),
    warnings: true,
  };
}

/**
 * Fills the form from the fragment of the page's address, `#user_id=…&front_image1=…`, which browsers never send to a server.
 * @param {HTMLFormElement} form
 * @param {string} fragment
 */
export function prefillRequest(form, fragment) {
  const values = new URLSearchParams(fragment.replace(/^#/, ''));
  for (const name of ['user_id', 'threshold', 'min_matches', ...IMAGES]) {
    const field = form.elements.namedItem(name);
    const value = values.get(name);
    if (field !== null && value !== null && 'value' in field) field.value = value;
  }
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
