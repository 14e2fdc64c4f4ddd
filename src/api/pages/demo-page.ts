import { readFileSync } from 'node:fs';
import { html, raw } from 'hono/html';
import { renderPage } from './render-page.js';

/** Returns the page on which people try a comparison. The build copies its files next to the compiled program. */
export function renderDemoPage(): string {
  return renderPage({
    title: 'demo',
    path: '',
    styles: ['assets/page.css', 'assets/form.css', 'assets/result.css'],
    scripts: html`<script type="module" src="assets/demo.js"></script>`,
    status: html`<p id="readiness" class="pill" role="status">checking the service…</p>`,
    body: raw(readFileSync(new URL('demo/main.html', import.meta.url), 'utf8')),
  });
}
