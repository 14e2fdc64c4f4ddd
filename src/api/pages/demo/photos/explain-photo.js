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
 * Returns why a file cannot be sent, or nothing. The service decides by its content whether it can read the photo.
 * @param {{ type: string, size: number }} file - type: as the browser takes it from the file's name
 * @param {number} maxBytes - largest photo that the service accepts
 */
export function explainFile({ type, size }, maxBytes) {
  if (type !== '' && !type.startsWith('image/'))
    return 'This file is not a photo. Choose a JPEG, PNG or WebP.';
  if (size === 0) return 'This file is empty.';
  if (size > maxBytes)
    return `This photo is too large: ${formatBytes(size)}. The service accepts up to ${formatBytes(maxBytes)}.`;
  return '';
}

/**
 * Returns a size for people: `812 kB`, `3.4 MB`.
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1_000)} kB`;
  return `${(bytes / 1_000_000).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
