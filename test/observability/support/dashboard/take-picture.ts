import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findBrowser, startBrowser } from '../../../support/programs/browser.js';
import type { PrometheusServer } from '../prometheus-server.js';
import { readDashboard } from './dashboard-schema.js';
import { drawPage } from './draw-page.js';
import { showPanel } from './show-panel.js';

/** What a reader sees without scrolling. */
const SCREEN = { widthPx: 1_920, heightPx: 1_080, theme: 'dark' } as const;

/** Writes the dashboard of this moment to `folder` as a page and, where Chromium is installed, its first screen as a PNG. */
export async function takePicture(folder: string, name: string, prometheus: PrometheusServer): Promise<void> {
  const panels = readDashboard();
  const page = await drawPage(panels, await Promise.all(panels.map((panel) => showPanel(panel, prometheus))));
  mkdirSync(folder, { recursive: true });
  const path = resolve(folder, `${name}.html`);
  writeFileSync(path, page);
  const binary = findBrowser();
  if (!binary) return;
  const browser = startBrowser(binary);
  try {
    const opened = await browser.open(pathToFileURL(path).href, SCREEN);
    if (opened.complaints.length > 0) throw new Error(opened.complaints.join('\n'));
    const { data } = await opened.send('Page.captureScreenshot', { format: 'png' });
    writeFileSync(join(folder, `${name}.png`), Buffer.from(String(data), 'base64'));
  } finally {
    await browser.close();
  }
}
