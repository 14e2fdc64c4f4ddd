import { html } from 'hono/html';
import { renderPage } from './render-page.js';

/** Returns the page that shows the OpenAPI document, with Swagger UI. */
export function renderReferencePage(): string {
  return renderPage({
    title: 'reference',
    path: 'docs',
    styles: ['docs/swagger-ui.css', 'assets/page.css'],
    scripts: html`<script src="docs/swagger-ui-bundle.js" defer></script>
    <script type="module" src="assets/docs.js"></script>`,
    body: html`    <div id="reference"></div>
    <noscript><main>This page needs JavaScript; <a href="openapi.json">openapi.json</a> has the same content.</main></noscript>`,
  });
}
