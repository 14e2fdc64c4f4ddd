import type { Page } from './browser.js';

/** The key that the demo page asks for. */
export const API_KEY = 'a-key-of-the-demo-page';

/** Without a key, the page cannot read the calibration when it opens, and Chromium reports that. */
export function unexpected(page: Page): string[] {
  return page.complaints.filter((complaint) => !complaint.endsWith('/models'));
}

/** Gives the page its API key. */
export async function typeKey(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    const field = document.querySelector('#api_key');
    field.value = ${JSON.stringify(API_KEY)};
    for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }));
  })()`);
}

/** Presses the button with this id. */
export async function press(page: Page, button: string): Promise<void> {
  await page.evaluate(`document.getElementById('${button}').click()`);
}

export function textOf(page: Page, selector: string): Promise<unknown> {
  return page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
}

/** Returns the kind of the verdict once there is one. */
export async function verdict(page: Page): Promise<unknown> {
  await page.waitFor(`document.querySelector('[data-verdict]')`);
  return page.evaluate(`document.querySelector('[data-verdict]').dataset.verdict`);
}

/** Returns, for each place, the name of its file, or its URL. */
export function placesOf(page: Page): Promise<unknown> {
  return page.evaluate(`Object.fromEntries([...document.querySelectorAll('[data-place]')].map((place) => [
    place.dataset.place,
    place.querySelector('.name')?.textContent ?? place.querySelector('input').value,
  ]))`);
}

/** Resolves once so many places have a file whose picture is shown. */
export function waitForPictures(page: Page, count: number): Promise<void> {
  const shown = `[...document.querySelectorAll('[data-place] img')].filter((image) => image.naturalWidth > 0)`;
  return page.waitFor(`${shown}.length === ${count}`);
}
