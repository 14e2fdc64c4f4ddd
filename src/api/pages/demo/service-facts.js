import { listModels, readReadiness } from './client.js';

/** Longest wait for facts that are only nice to have, ms. */
const TIMEOUT_MS = 5_000;
/** How long to wait before looking again: while comparisons would be answered, and while not, ms. */
const READY_MS = 30_000;
const NOT_READY_MS = 3_000;

/**
 * Shows whether comparisons would be answered, for as long as the page is open.
 * @param {HTMLElement} pill
 */
export async function watchReadiness(pill) {
  for (;;) {
    const { ready, text } = await describeReadiness();
    pill.classList.toggle('good', ready);
    pill.classList.toggle('bad', !ready);
    // A live region is read out whenever it is set, changed or not.
    if (pill.textContent !== text) pill.textContent = text;
    await new Promise((resolve) => setTimeout(resolve, ready ? READY_MS : NOT_READY_MS));
  }
}

/** @returns {Promise<{ ready: boolean, text: string }>} */
async function describeReadiness() {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await readReadiness({ key: '', signal }).catch(() => undefined);
  const { status, workers, model, redis } = answer?.body ?? {};
  if (status === 'ready')
    return { ready: true, text: `ready: ${model}, ${workers} worker${workers === 1 ? '' : 's'}` };
  if (redis === true) return { ready: false, text: `no worker of ${model} yet` };
  return { ready: false, text: answer ? 'the queue is away' : 'the service does not answer' };
}

/**
 * Returns the calibration of the model pack in use, or undefined when there is none or the key is missing.
 * @param {string} key
 * @returns {Promise<any>}
 */
export async function readCalibration(key) {
  const answer = await listModels({ key, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  const pack = answer?.body?.models?.find((/** @type {any} */ model) => model.in_use);
  return pack?.calibration ?? undefined;
}

/**
 * Returns what a threshold means: the false match rate of one comparison that it is known not to exceed.
 * @param {number} threshold
 * @param {any} calibration
 */
export function describeThreshold(threshold, calibration) {
  const meaning = 'A photo matches when its similarity is at or above this.';
  if (!calibration) return meaning;
  const known = calibration.points.filter((/** @type {any} */ point) => point.threshold <= threshold);
  if (known.length === 0) return `${meaning} It is below what this pack was calibrated for.`;
  const fmr = Math.min(...known.map((/** @type {any} */ point) => point.fmr));
  const pairs = calibration.non_mated_pairs
    ? `, ${calibration.non_mated_pairs.toLocaleString('en')} pairs of different people`
    : '';
  const oneIn = (1 / fmr).toLocaleString('en', { maximumSignificantDigits: 2, roundingMode: 'floor' });
  return `${meaning} At most 1 in ${oneIn} pairs of different people reach it (${calibration.dataset}${pairs}, ${calibration.date}).`;
}
