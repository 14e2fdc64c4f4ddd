import { cancelJob, createJob, readJob, waitForJob } from './client.js';
import { copyText } from './copy-text.js';
import { curlLine } from './curl-line.js';
import { describeProgress } from './describe-progress.js';
import { readState, saveState } from './page-state.js';
import { watchPhotoSources } from './photos/photo-sources.js';
import { chosenFiles, focusFaultyFile, showReasons, watchPlaces } from './photos/places.js';
import { fillForm, isSameRequest, parseFragment, readRequest, restoreRequest } from './request.js';
import { markStale, revealResult, showProgress, showVerdict } from './result-view.js';
import { describeThreshold, readModelFacts, watchReadiness } from './service-facts.js';
import { judgeAnswer, judgeSilence, STOPPED } from './verdict.js';

/** @typedef {import('./request.js').Request} Request */
/** @typedef {(call: import('./client.js').Call) => Promise<import('./client.js').Answer>} Ask */

/** Longest wait for an answer that the page can do without, ms. */
const TIMEOUT_MS = 10_000;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ (byId('request'));
const place = byId('result');
const keyField = /** @type {HTMLInputElement} */ (byId('api_key'));

/** @type {any} */
let calibration;
/** The current request: how to stop it and, once known, its job. @typedef {{ controller: AbortController, jobId?: string }} Run */
/** @type {Run | undefined} */
let running;
/** The request that the shown answer belongs to. @type {Request | undefined} */
let answered;

restoreForm();
watchPlaces(Number(form.dataset.maxImageBytes));
watchPhotoSources({ acceptsUploads: form.dataset.uploads === 'true' });
form.addEventListener('input', showRequest);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void compare();
});
// A folded field cannot show that it is wrong.
byId('options').addEventListener('invalid', () => byId('options').setAttribute('open', ''), true);
keyField.addEventListener('change', () => void useKey());
byId('cancel').addEventListener('click', () => void cancel());
byId('copy').addEventListener('click', () => void copyText(byId('curl'), byId('copied')));
showRequest();
void watchReadiness(byId('readiness'));
void useKey();

/** A reload shows what was typed; a new link with a fragment shows its request. */
function restoreForm() {
  const { fragment, fields } = readState();
  const isNew = location.hash !== '' && location.hash !== fragment;
  fillForm(form, isNew || !fields ? parseFragment(location.hash) : fields);
  saveState(
    isNew ? { fragment: location.hash, jobId: undefined, asked: undefined } : { fragment: location.hash },
  );
}

/** Queues the comparison that the form describes, and waits for its decision. */
async function compare() {
  if (await focusFaultyFile()) return;
  const request = readRequest(form, chosenFiles);
  saveState({ asked: request.body, jobId: undefined });
  await run(request, async (call) => {
    const accepted = await createJob(request, call);
    return accepted.status === 202 ? followJob(accepted.body.job_id, call) : accepted;
  });
  if (document.activeElement !== keyField) revealResult(place);
}

/** After a reload, shows the last job again, if the service still keeps it and the key can see it. */
async function resume() {
  const { jobId, asked } = readState();
  if (!jobId || !asked || running || answered) return;
  const call = { key: keyField.value, signal: AbortSignal.timeout(TIMEOUT_MS) };
  const answer = await readJob(jobId, 0, call).catch(() => undefined);
  if (answer?.status === 200 && !running && !answered)
    await run(restoreRequest(asked), (next) => followJob(jobId, next));
}

/**
 * Runs one request and shows its progress and verdict. A new run stops the previous one.
 * @param {Request} request
 * @param {Ask} ask
 */
async function run(request, ask) {
  running?.controller.abort();
  /** @type {Run} */
  const mine = { controller: new AbortController() };
  running = mine;
  answered = undefined;
  setBusy(true);
  showProgress(place, { text: 'Sending the request.' });
  const answer = await ask({ key: keyField.value, signal: mine.controller.signal }).catch(() => undefined);
  if (running !== mine) return;
  running = undefined;
  answered = request;
  setBusy(false);
  const silent = mine.controller.signal.aborted ? STOPPED : judgeSilence();
  const { jobId } = mine;
  const onContinue = jobId === undefined ? undefined : () => run(request, (call) => followJob(jobId, call));
  showVerdict(place, answer ? judgeAnswer(answer) : silent, { request, answer, jobId, onContinue });
  showReasons(answer?.body?.error?.errors ?? answer?.body?.errors ?? []);
  showRequest();
  if (answer?.status === 401) askForKey();
}

/**
 * @param {string} jobId
 * @param {import('./client.js').Call} call
 */
function followJob(jobId, call) {
  if (running) running.jobId = jobId;
  saveState({ jobId });
  return waitForJob(jobId, {
    ...call,
    onView: (view) => showProgress(place, { jobId, text: describeProgress(view, Date.now()) }),
  });
}

/** Cancels a job that has not started; its poll then shows that. A running job continues. */
async function cancel() {
  const { jobId, controller } = running ?? {};
  if (jobId === undefined) return controller?.abort();
  const call = { key: keyField.value, signal: AbortSignal.timeout(TIMEOUT_MS) };
  const answer = await cancelJob(jobId, call).catch(() => undefined);
  if (running?.jobId === jobId && answer?.status === 409)
    showProgress(place, { jobId, text: 'A worker has the job, so it cannot be cancelled.' });
}

/** @param {boolean} busy */
function setBusy(busy) {
  byId('compare').toggleAttribute('disabled', busy);
  byId('cancel').hidden = !busy;
}

/** Shows what follows from the form: its command, the summary of its options, and if the answer still belongs to it. */
function showRequest() {
  const request = readRequest(form, chosenFiles);
  const { body, files } = request;
  const url = new URL('compare-faces', document.baseURI).href;
  byId('curl').textContent = curlLine(body, { url, withKey: keyField.value !== '', files });
  byId('copied').textContent = '';
  byId('threshold-value').textContent = body.threshold.toFixed(2);
  byId('margin-value').textContent = body.review_margin.toFixed(2);
  byId('rule').textContent = body.min_matches === 3 ? 'all 3 must match' : '2 of 3 must match';
  byId('calibration').textContent = describeThreshold(body.threshold, calibration);
  saveState({ fields: body });
  if (answered) markStale(place, !isSameRequest(answered, request));
}

/** Reads what only callers with a key can see. */
async function useKey() {
  const facts = await readModelFacts(keyField.value);
  calibration = facts.calibration;
  if (facts.needsKey) byId('key-field').hidden = false;
  showRequest();
  await resume();
}

function askForKey() {
  byId('key-field').hidden = false;
  keyField.focus();
}
