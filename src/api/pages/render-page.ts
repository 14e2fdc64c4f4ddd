import { html, raw } from 'hono/html';

export type Html = ReturnType<typeof html> | ReturnType<typeof raw>;

export interface PageParts {
  readonly title: string;
  /** Path below the root at which the page is served, one of the links in its header. */
  readonly path: '' | 'docs' | 'docs/errors';
  /** Paths of its style sheets, in order. */
  readonly styles: readonly string[];
  readonly scripts?: Html;
  /** Shown at the end of the header. */
  readonly status?: Html;
  readonly body: Html;
}

/** Returns the text with the parts in backticks as code and `[text](/path)` as a link from the page at `docs`. */
export function renderText(text: string): (string | Html)[] {
  return text.split(/(`[^`]+`|\[[^\]]+\]\(\/[^)]+\))/).map((part) => {
    const [, label, path] = /^\[(.+)\]\(\/(.+)\)$/.exec(part) ?? [];
    if (label) return html`<a href="${path}">${label}</a>`;
    return part.startsWith('`') ? html`<code>${part.slice(1, -1)}</code>` : part;
  });
}

/** Returns a whole page. Its links are relative, so that the service can run below a prefix. */
export function renderPage({ title, path, styles, scripts, status, body }: PageParts): string {
  const root = path.includes('/') ? '../' : './';
  const link = (to: string, text: Html | string, attributes = raw('')): Html =>
    html`<a href="${root}${to}"${attributes}${raw(to === path ? ' aria-current="page"' : '')}>${text}</a>`;
  // `html` returns a promise only if one of its values is a promise.
  return String(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Face verification: ${title}</title>
    <link rel="icon" href="${root}assets/icon.svg" type="image/svg+xml">
    ${styles.map((sheet) => html`<link rel="stylesheet" href="${root}${sheet}">`)}
    ${scripts ?? ''}
  </head>
  <body>
    <header class="top">
      ${link('', html`<img src="${root}assets/icon.svg" alt="" width="28" height="28">Face verification`, raw(' class="brand"'))}
      <nav aria-label="Pages">
        ${link('docs', 'API documentation')}
        ${link('docs/errors', 'Errors')}
        ${link('openapi.json', 'OpenAPI')}
      </nav>
      ${status ?? ''}
    </header>
${body}
  </body>
</html>
`);
}
