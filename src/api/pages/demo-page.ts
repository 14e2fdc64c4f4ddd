import { html } from 'hono/html';
import { FRONT_IMAGES, type ImageName, MAX_URL_LENGTH } from '../../shared/contract/compare-request.js';
import type { UploadLimits } from '../http/upload-limits.js';
import { type Html, renderPage } from './render-page.js';

/** What the demo page knows of its service. */
export interface DemoFacts {
  readonly uploads: UploadLimits;
  /** True if the service can sign receipts. */
  readonly signsReceipts: boolean;
  /** URLs of sample photos: none, or three probes and their reference, and possibly a photo of someone else. */
  readonly samples: readonly string[];
}

const LABELS: Readonly<Record<ImageName, string>> = {
  front_image1: 'Probe photo 1',
  front_image2: 'Probe photo 2',
  front_image3: 'Probe photo 3',
  back_image: 'Reference photo',
};

/** Returns the page on which people try a comparison. */
export function renderDemoPage(facts: DemoFacts): string {
  return renderPage({
    title: 'demo',
    path: '',
    styles: ['assets/page.css', 'assets/demo.css', 'assets/photos/camera.css'],
    scripts: html`<script type="module" src="assets/demo.js"></script>`,
    status: html`<p id="readiness" class="pill" role="status">checking the service…</p>`,
    body: html`    <main class="demo">
      <header>
        <h1>Do these photos show the same person?</h1>
        <p class="lead">Three probe photos are compared with one reference photo. The service keeps no photo.</p>
        <noscript><p class="notice">This page needs JavaScript. The <a href="docs">API documentation</a> shows how to send requests without it.</p></noscript>
      </header>
      <form id="request" class="panel" action="#" data-uploads="${String(facts.uploads.enabled)}" data-max-image-bytes="${facts.uploads.maxImageBytes}">
${renderSources(facts)}
        <fieldset>
          <legend>Probe photos: does the person appear here?</legend>
${FRONT_IMAGES.map((name) => renderPlace(name, facts))}
        </fieldset>
        <fieldset>
          <legend>Reference photo: this is the person</legend>
${renderPlace('back_image', facts)}
        </fieldset>
        <div id="key-field" class="row" hidden>
          <label for="api_key">API key</label>
          <input id="api_key" type="password" autocomplete="off" placeholder="required; stays in the memory of this tab">
        </div>
${renderOptions(facts)}
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
${facts.uploads.enabled ? CAMERA : ''}
    </main>`,
  });
}

/** The ways to fill all places at once. */
function renderSources({ uploads, samples }: DemoFacts): Html {
  return html`
        <div class="sources">
          ${uploads.enabled ? OWN_PHOTOS : ''}
          ${samples.length > 0 ? renderSamples(samples) : ''}
        </div>
        <p id="photos-note" class="hint" role="status">${uploads.enabled ? 'You can also drop or paste photos anywhere on this page.' : ''}</p>
        ${uploads.enabled ? '' : NO_UPLOADS}
        ${samples.length > 0 ? '' : NO_SAMPLES}`;
}

/** The second set shows the person of the samples in the reference photo alone. */
function renderSamples([first, second, third, reference, other]: readonly string[]): Html {
  const describe = (back: string | undefined): string =>
    JSON.stringify({ front_image1: first, front_image2: second, front_image3: third, back_image: back });
  return html`<button type="button" class="small" data-sample="${describe(reference)}">Sample photos</button>
          ${other === undefined ? '' : html`<button type="button" class="small" data-sample="${describe(other)}" aria-label="Sample photos of two people">Two people</button>`}`;
}

function renderPlace(name: ImageName, { uploads }: DemoFacts): Html {
  const label = LABELS[name];
  return html`
          <div class="field" role="group" aria-label="${label}" data-place="${name}">
            <div data-thumbnail></div>
            <div>
              <label for="${name}">${label} <code>${name}</code></label>
              <div class="row">
                <input id="${name}" name="${name}" type="url" required maxlength="${MAX_URL_LENGTH}" placeholder="${uploads.enabled ? 'https:// or a file' : 'https://'}" autocomplete="off" spellcheck="false" aria-describedby="${name}-note">
                <p class="file"></p>
                <button type="button" class="small" data-choose aria-label="Choose a file: ${label}"${uploads.enabled ? '' : ' disabled'}>Choose</button>
                <button type="button" class="small" data-remove aria-label="Remove ${label}" aria-describedby="${name}-note" hidden>Remove</button>
              </div>
              <p id="${name}-note" class="hint note" aria-live="polite"></p>
            </div>
          </div>`;
}

const OWN_PHOTOS = html`<input id="files" type="file" accept="image/*" multiple hidden>
          <button type="button" class="small" data-choose>Choose photos</button>
          <button type="button" class="small" id="open-camera">Use the camera</button>`;

const NO_UPLOADS = html`<p id="no-uploads" class="notice">This service accepts no files, only URLs of photos. Its operator can set <code>UPLOAD_KEYS</code> to accept files.</p>`;

const NO_SAMPLES = html`<details class="hint">
          <summary>No photos at hand?</summary>
          This service has no sample photos. Take three photos of yourself, and use an older one as the reference.
          Operators: <code>npm start</code> offers samples on this page, and <code>DEMO_PHOTOS</code> sets others.
        </details>`;

const CAMERA = html`
      <dialog id="camera" class="panel" aria-labelledby="camera-title">
        <h2 id="camera-title">Three probe photos from the camera</h2>
        <p id="camera-note" role="status"></p>
        <video id="camera-picture" muted playsinline aria-label="Picture of the camera" hidden></video>
        <div id="shots"></div>
        <div class="actions">
          <button id="shoot" type="button" class="primary" hidden>Take photo</button>
          <button id="use-shots" type="button" class="primary" hidden>Use these photos</button>
          <button id="start-again" type="button" hidden>Start again</button>
          <button id="close-camera" type="button">Close</button>
        </div>
      </dialog>`;

function renderOptions({ signsReceipts }: DemoFacts): Html {
  return html`
        <details id="options">
          <summary>Options: threshold <output id="threshold-value" for="threshold"></output>, <output id="rule" for="request"></output></summary>
          <label for="threshold">Threshold <code>threshold</code></label>
          <input id="threshold" name="threshold" type="range" min="0.2" max="1" step="0.01" value="0.5" aria-describedby="calibration">
          <p id="calibration" class="hint"></p>
          <div class="actions" role="radiogroup" aria-labelledby="min-matches-label">
            <span id="min-matches-label">Must match <code>min_matches</code></span>
            <label><input type="radio" name="min_matches" value="2" checked> 2 of 3</label>
            <label><input type="radio" name="min_matches" value="3"> all 3</label>
          </div>
          <label for="review_margin">A person looks at results this close to the threshold <code>review_margin</code>: <output id="margin-value" for="review_margin"></output></label>
          <input id="review_margin" name="review_margin" type="range" min="0" max="0.2" step="0.01" value="0.05">
          <label for="user_id">Your id of the person <code>user_id</code></label>
          <input id="user_id" name="user_id" type="text" required maxlength="128" value="demo-user" autocomplete="off">
          ${signsReceipts ? html`<label><input type="checkbox" name="receipt"> Sign a receipt <code>receipt</code></label>` : ''}
        </details>`;
}
