import { cancelJob, compareFaces, createJob, waitForJob } from './client.js';
import { createPhoto } from './photo.js';
import { curlLine, IMAGES, prefillRequest, readRequest } from './request.js';
import { showProgress, showVerdict } from './result-view.js';
import { describeThreshold, readCalibration, watchReadiness } from './service-facts.js';
import { judgeAnswer, judgeSilence } from './verdict.js';

/** Pause in typing after which a thumbnail is loaded, ms. */
const TYPING_MS = 400;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ (byId('request'));
const place = byId('result');
const keyField = /** @type {HTMLInputElement} */ (byId('api_key'));

/** @type {any} */
let calibration;
/** The current request: how to stop it and, once known, its job. @type {{ controller: AbortController, jobId?: string } | undefined} */
let running;

prefillRequest(form, location.hash);
for (const name of IMAGES) keepThumbnail(name);
form.addEventListener('input', showRequest);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const queued = event.submitter?.id === 'queue';
  const body = readRequest(form);
  void run(body, queued ? (call) => queueAndWait(body, call) : (call) => compareFaces(body, call));
});
keyField.addEventListener('change', () => void loadCalibration());
byId('cancel').addEventListener('click', () => void cancel());
byId('copy').addEventListener('click', () => void copyCurl());
showRequest();
void watchReadiness(byId('readiness'));
void loadCalibration();

/**
 * Runs one request and shows its progress and verdict. A new run stops the previous one.
 * @param {ReturnType<typeof readRequest>} body
 * @param {(call: import('./client.js').Call) => Promise<import('./client.js').Answer>} ask
 */
async function run(body, ask) {
  running?.controller.abort();
  const mine = { controller: new AbortController() };
  running = mine;
  setBusy(true);
  showProgress(place, 'The service is fetching and comparing the photos.');
  const onContinue = (/** @type {string} */ jobId) =>
    void run(body, (call) => waitForJob(jobId, { ...call, onStatus: showStatus }));
  try {
    const answer = await ask({ key: keyField.value, signal: mine.controller.signal });
    if (running === mine) showVerdict(place, judgeAnswer(answer), { body, answer, onContinue });
  } catch {
    if (running === mine)
      showVerdict(place, mine.controller.signal.aborted ? stopped() : judgeSilence(), { body, onContinue });
  } finally {
    if (running === mine) {
      running = undefined;
      setBusy(false);
    }
  }
}

/**
 * @param {object} body
 * @param {import('./client.js').Call} call
 */
async function queueAndWait(body, call) {
  const accepted = await createJob(body, call);
  if (accepted.status !== 202) return accepted;
  const jobId = accepted.body.job_id;
  if (running) running.jobId = jobId;
  showStatus('queued', jobId);
  return waitForJob(jobId, { ...call, onStatus: (status) => showStatus(status, jobId) });
}

/**
 * @param {string} status
 * @param {string} [jobId]
 */
function showStatus(status, jobId) {
  showProgress(place, `Job ${jobId ?? ''}: ${status}`);
}

/** Cancels a job that has not started; its poll then shows that. A running job continues. */
async function cancel() {
  const { jobId, controller } = running ?? {};
  if (jobId === undefined) return controller?.abort();
  const call = { key: keyField.value, signal: AbortSignal.timeout(10_000) };
  const answer = await cancelJob(jobId, call).catch(() => undefined);
  if (answer?.status !== 204) showProgress(place, `Job ${jobId} is already running and cannot be cancelled.`);
}

function stopped() {
  const text = 'You cancelled this request.';
  return /** @type {import('./verdict.js').Verdict} */ ({ kind: 'refused', title: 'Cancelled', text });
}

/** @param {boolean} busy */
function setBusy(busy) {
  for (const id of ['compare', 'queue']) byId(id).toggleAttribute('disabled', busy);
  byId('cancel').hidden = !busy;
}

/** @param {string} name */
function keepThumbnail(name) {
  const field = /** @type {HTMLInputElement} */ (byId(name));
  const frame = document.querySelector(`[data-thumbnail="${name}"]`);
  const show = () => frame?.replaceChildren(createPhoto(field.value.trim(), { alt: '' }));
  let timer = 0;
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(show, TYPING_MS);
  });
  show();
}

function showRequest() {
  const body = readRequest(form);
  const url = new URL('compare-faces', document.baseURI).href;
  byId('curl').textContent = curlLine(body, { url, withKey: keyField.value !== '' });
  byId('copied').textContent = '';
  byId('threshold-value').textContent = body.threshold.toFixed(2);
  byId('calibration').textContent = describeThreshold(body.threshold, calibration);
}

async function loadCalibration() {
  calibration = await readCalibration(keyField.value);
  showRequest();
}

async function copyCurl() {
  const text = byId('curl').textContent ?? '';
  try {
    await navigator.clipboard.writeText(text);
    byId('copied').textContent = 'copied';
  } catch {
    // Browsers offer the clipboard only on localhost and over TLS.
    getSelection()?.selectAllChildren(byId('curl'));
    byId('copied').textContent = 'selected: press Ctrl+C';
  }
}
