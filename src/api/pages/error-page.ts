import { html } from 'hono/html';
import { ERROR_CODES, ERROR_KINDS, type ErrorCode } from '../../shared/errors.js';
import { NAMED_REASONS, type Reason, reasonKindOf } from '../../shared/reasons.js';
import { type Html, renderPage, renderText } from './render-page.js';

/** Returns the page that explains every error code, each at the anchor to which the `type` of a problem points. */
export function renderErrorPage(): string {
  return renderPage({
    title: 'errors',
    path: 'docs/errors',
    styles: ['assets/page.css'],
    body: html`    <main>
      <h1>Errors</h1>
      <p class="lead">
        Errors are RFC 9457 problems. Decide by <code>code</code>; <code>detail</code> is for people and may change.
        “Retry” means that the same request may succeed later. If the response has <code>Retry-After</code>, wait that
        many seconds first. “Who acts” is <code>who_acts</code>: the client, the host of an image (upstream), or the
        operator of this service. An error never means that the faces do not match.
      </p>
      <div class="table">
        <table>
          <thead>
            <tr><th>Code</th><th>Status</th><th>Retry</th><th>Who acts</th><th>Meaning</th><th>What to do</th></tr>
          </thead>
          <tbody>
${ERROR_CODES.map(renderRow)}
          </tbody>
        </table>
      </div>
      <h2>Reasons</h2>
      <p class="lead">
        Some errors have a <code>reason</code> that says more exactly why the code applies. The list may grow: ignore a
        reason that you do not know.
      </p>
      <div class="table">
        <table>
          <thead>
            <tr><th>Reason</th><th>Meaning</th><th>What to do</th></tr>
          </thead>
          <tbody>
${[...NAMED_REASONS, 'http_404' as const].map(renderReason)}
          </tbody>
        </table>
      </div>
    </main>`,
  });
}

function renderRow(code: ErrorCode): Html {
  const { status, fault, retryable, text, advice } = ERROR_KINDS[code];
  return html`
            <tr id="${code}">
              <th scope="row"><a href="#${code}"><code>${code}</code></a></th>
              <td data-label="Status">${status}</td>
              <td data-label="Retry">${retryable ? 'yes' : 'no'}</td>
              <td data-label="Who acts"><code>${fault}</code></td>
              <td>${text}</td>
              <td>${renderText(advice)}</td>
            </tr>`;
}

function renderReason(reason: Reason): Html {
  const { text, advice } = reasonKindOf(reason);
  return html`
            <tr id="reason-${reason}">
              <th scope="row"><a href="#reason-${reason}"><code>${reason}</code></a></th>
              <td>${text}</td>
              <td>${renderText(advice)}</td>
            </tr>`;
}
