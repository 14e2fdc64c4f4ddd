import type { Page } from './browser.js';

const KEYS = {
  Tab: { code: 'Tab', windowsVirtualKeyCode: 9 },
  Enter: { code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Escape: { code: 'Escape', windowsVirtualKeyCode: 27 },
} as const;

/** Presses a key, as the person at the keyboard does. */
export async function pressKey(page: Page, key: keyof typeof KEYS, { shift = false } = {}): Promise<void> {
  for (const type of ['keyDown', 'keyUp'])
    await page.send('Input.dispatchKeyEvent', { type, key, ...KEYS[key], modifiers: shift ? 8 : 0 });
}

/** Drops files from the file manager onto the middle of an element. */
export async function dropFiles(page: Page, selector: string, paths: readonly string[]): Promise<void> {
  const [x, y] = (await page.evaluate(`(() => {
    const target = document.querySelector(${JSON.stringify(selector)});
    target.scrollIntoView({ block: 'center' });
    const box = target.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  })()`)) as number[];
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'])
    await page.send('Input.dispatchDragEvent', { type, x, y, data });
}

/** Opens the file dialog with a button and chooses files in it. */
export async function chooseFiles(page: Page, button: string, paths: readonly string[]): Promise<void> {
  await page.send('Page.setInterceptFileChooserDialog', { enabled: true });
  const opened = page.event('Page.fileChooserOpened');
  // A page may open the dialog only for a real gesture.
  await page.send('Runtime.evaluate', {
    expression: `(() => {
      const button = document.querySelector(${JSON.stringify(button)});
      button.focus();
      button.click();
    })()`,
    userGesture: true,
  });
  const { backendNodeId } = await opened;
  await page.send('DOM.setFileInputFiles', { files: paths, backendNodeId });
}

/** Copies a PNG to the clipboard and pastes it where the focus is. */
export async function pastePicture(page: Page, png: Buffer): Promise<void> {
  await page.send('Browser.grantPermissions', {
    permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'],
  });
  await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob('${png.toString('base64')}'), (letter) => letter.charCodeAt(0));
    const picture = new Blob([bytes], { type: 'image/png' });
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
  })()`);
  const key = { key: 'v', code: 'KeyV', modifiers: 2, commands: ['paste'] };
  await page.send('Input.dispatchKeyEvent', { type: 'keyDown', ...key });
}
