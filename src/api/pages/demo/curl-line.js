/**
 * Returns a POSIX shell command that sends a request. The key stays in a variable, because commands get pasted and
 * stored. Files are those of the current folder.
 * @param {object} body
 * @param {{ url: string, withKey: boolean, files?: readonly (readonly [string, { name: string }])[] }} options - files: by
 *   the name of their field
 */
export function curlLine(body, { url, withKey, files = [] }) {
  const json = JSON.stringify(body, null, 2);
  const parts = [
    `curl -sS ${quote(url)}`,
    ...(withKey ? ['-H "X-API-Key: $API_KEY"'] : []),
    ...(files.length === 0
      ? ["-H 'Content-Type: application/json'", `-d ${quote(json)}`]
      : [...files.map(formPart), `--form-string ${quote(`request=${json}`)}`]),
  ];
  return parts.join(' \\\n  ');
}

/**
 * In double quotes, because curl reads `;` and `,` as the end of a file's name.
 * @param {readonly [string, { name: string }]} file
 */
function formPart([field, { name }]) {
  return `-F ${quote(`${field}=@"${name.replace(/["\\]/g, String.raw`\$&`)}"`)}`;
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
