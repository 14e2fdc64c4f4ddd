import { html } from 'hono/html';
import { FRONT_IMAGES, type ImageName, MAX_URL_LENGTH } from '../../shared/contract/compare-request.js';
import type { UploadLimits } from '../http/upload-limits.js';
import { type Html, renderPage } from './render-page.js';

/** Returns the page on which people try a comparison. Its script reads from the form which photos can be sent as files. */
export function renderDemoPage({ enabled, maxImageBytes }: UploadLimits): string {
  return renderPage({
    title: 'demo',
    path: '',
    styles: ['assets/page.css', 'assets/demo.css'],
    scripts: html`<script type="module" src="assets/demo.js"></script>`,
    status: html`<p id="readiness" class="pill" role="status">checking the service…</p>`,
    body: html`    <main class="demo">
      <header>
        <h1>Do these photos show the same person?</h1>
        <p class="lead">
          Three probe photos are compared with one reference photo. The service downloads them from their URLs and keeps
          no photo.
        </p>
        <noscript><p class="notice">This page needs JavaScript. The <a href="docs">API documentation</a> shows how to send requests without it.</p></noscript>
      </header>
      <form id="request" class="panel" action="#" data-uploads="${String(enabled)}" data-max-image-bytes="${maxImageBytes}">
        <fieldset>
          <legend>Probe photos: does the person appear here?</legend>
${FRONT_IMAGES.map((name, index) => renderPhotoField(name, `Probe photo ${index + 1}`))}
        </fieldset>
        <fieldset>
          <legend>Reference photo: this is the person</legend>
${renderPhotoField('back_image', 'Reference photo')}
        </fieldset>
        <div id="key-field" hidden>
          <label for="api_key">API key</label>
          <input id="api_key" type="password" autocomplete="off" aria-describedby="api-key-hint">
          <p id="api-key-hint" class="hint">This service requires one. It stays in the memory of this tab.</p>
        </div>
${OPTIONS}
        <div class="actions">
          <button id="compare" class="primary">Compare</button>
          <button id="cancel" type="button" hidden>Cancel</button>
        </div>
      </form>
      <section id="result" class="panel" tabindex="-1" aria-labelledby="result-title">
        <h2 id="result-title">The answer appears here</h2>
        <dl>
          <dt><span class="pill matched">✓ Matched</span></dt>
          <dd>Enough probe photos show the person in the reference photo.</dd>
          <dt><span class="pill not_matched">✕ Not matched</span></dt>
          <dd>Too few probe photos show that person. A photo that could not be judged would not change that.</dd>
          <dt><span class="pill undecided">? Could not tell</span></dt>
          <dd>Too many photos could not be judged: no face, download failed, or broken file. This never means “no”.</dd>
        </dl>
      </section>
      <details class="panel">
        <summary>The same request with curl</summary>
        <pre id="curl" tabindex="0" aria-label="curl command"></pre>
        <button id="copy" type="button">Copy</button>
        <span id="copied" class="hint" role="status"></span>
      </details>
    </main>`,
  });
}

function renderPhotoField(name: ImageName, label: string): Html {
  return html`
          <div class="field">
            <div data-thumbnail="${name}"></div>
            <div>
              <label for="${name}">${label} <code>${name}</code></label>
              <input id="${name}" name="${name}" type="url" required maxlength="${MAX_URL_LENGTH}" placeholder="https://" autocomplete="off" spellcheck="false" aria-describedby="${name}-note">
              <p id="${name}-note" class="hint note"></p>
            </div>
          </div>`;
}

const OPTIONS = html`
        <details id="options">
          <summary>Options: threshold <output id="threshold-value" for="threshold"></output>, <output id="rule" for="request"></output></summary>
          <label for="threshold">Threshold <code>threshold</code></label>
          <input id="threshold" name="threshold" type="range" min="0.2" max="1" step="0.01" value="0.5" aria-describedby="calibration">
          <p id="calibration" class="hint"></p>
          <div class="actions" role="radiogroup" aria-labelledby="min-matches-label">
            <span id="min-matches-label">Probe photos that must match <code>min_matches</code></span>
            <label><input type="radio" name="min_matches" value="2" checked> 2 of 3</label>
            <label><input type="radio" name="min_matches" value="3"> all 3</label>
          </div>
          <label for="user_id">Your id of the person <code>user_id</code></label>
          <input id="user_id" name="user_id" type="text" required maxlength="128" value="demo-user" autocomplete="off">
        </details>`;
