import { STATUS_OF } from '../../shared/contract/problem.js';
import {
  ERROR_CODES,
  ERROR_KINDS,
  type ErrorCode,
  type Fault,
  NAMED_REASONS,
  type Reason,
  textOfReason,
} from '../../shared/errors.js';

const WHOSE_TURN: Readonly<Record<Fault, string>> = {
  client: 'the caller’s',
  upstream: 'the image host’s',
  service: 'the service’s',
};

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Returns the page of every error code, each at the anchor that a problem's `type` points to. */
export function renderErrorPage(): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Face verification: errors</title>
    <link rel="icon" href="../assets/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="../assets/page.css">
  </head>
  <body>
    <header class="top">
      <a class="brand" href="../"><img src="../assets/icon.svg" alt="" width="28" height="28">Face verification</a>
      <nav aria-label="Pages">
        <a href="../docs">Reference</a>
        <a href="errors" aria-current="page">Errors</a>
        <a href="../openapi.json">OpenAPI</a>
      </nav>
    </header>
    <main>
      <h1>Errors</h1>
      <p class="lead">
        Errors are RFC 9457 problems. Decide by <code>code</code>; <code>detail</code> is for people and may change.
        “Retry” means that the same request may succeed later; with <code>Retry-After</code>, wait that many seconds.
        An error is never a “no”.
      </p>
      <div class="table">
        <table class="errors">
          <thead>
            <tr><th>Code</th><th>Status</th><th>Retry</th><th>Whose turn</th><th>Meaning</th></tr>
          </thead>
          <tbody>
${ERROR_CODES.map(renderRow).join('\n')}
          </tbody>
        </table>
      </div>
      <h2>Reasons</h2>
      <p class="lead">
        Some errors say more exactly why their code applies, in <code>reason</code>. The list may grow, so treat a reason
        that you do not know as absent.
      </p>
      <div class="table">
        <table class="errors">
          <thead>
            <tr><th>Reason</th><th>Meaning</th></tr>
          </thead>
          <tbody>
${[...NAMED_REASONS, 'http_404' as const].map(renderReason).join('\n')}
          </tbody>
        </table>
      </div>
    </main>
  </body>
</html>
`;
}

function renderRow(code: ErrorCode): string {
  const { fault, retryable, text } = ERROR_KINDS[code];
  return `            <tr id="${code}">
              <th scope="row"><a href="#${code}"><code>${code}</code></a></th>
              <td data-label="Status">${STATUS_OF[code]}</td>
              <td data-label="Retry">${retryable ? 'yes' : 'no'}</td>
              <td data-label="Whose turn">${escapeHtml(WHOSE_TURN[fault])}</td>
              <td>${escapeHtml(text)}</td>
            </tr>`;
}

function renderReason(reason: Reason): string {
  return `            <tr>
              <th scope="row"><code>${reason}</code></th>
              <td>${escapeHtml(textOfReason(reason))}</td>
            </tr>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
