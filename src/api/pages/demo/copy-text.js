/**
 * Copies the text of an element, and says so in another one.
 * @param {HTMLElement} source
 * @param {HTMLElement} note
 */
export async function copyText(source, note) {
  try {
    await navigator.clipboard.writeText(source.textContent ?? '');
    note.textContent = 'copied';
  } catch {
    // Browsers offer the clipboard only on localhost and over TLS.
    getSelection()?.selectAllChildren(source);
    note.textContent = 'selected: press Ctrl+C';
  }
}
