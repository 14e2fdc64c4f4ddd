import { listModels, readReadiness } from './client.js';

/** Longest wait for information that the page can do without, ms. */
const TIMEOUT_MS = 5_000;
/** Interval between two checks while the service is ready, and while it is not, ms. */
const READY_MS = 30_000;
const NOT_READY_MS = 3_000;

/**
 * Shows whether the service is ready, for as long as the page is open.
 * @param {HTMLElement} pill
 */
export async function watchReadiness(pill) {
  for (;;) {
    const { ready, text } = await describeReadiness();
    pill.classList.toggle('good', ready);
    pill.classList.toggle('bad', !ready);
    // Screen readers announce a live region whenever it is set, even to the same text.
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
  if (redis === true) return { ready: false, text: `no worker with ${model} yet` };
  return { ready: false, text: answer ? 'the queue is unavailable' : 'the service does not answer' };
}

/**
 * Returns the calibration of the model pack in use, undefined if it has none or the key is wrong, and if a key is missing.
 * @param {string} key
 * @returns {Promise<{ calibration: any, needsKey: boolean }>}
 */
export async function readModelFacts(key) {
  const answer = await listModels({ key, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  const pack = answer?.body?.models?.find((/** @type {any} */ model) => model.in_use);
  return { calibration: pack?.calibration ?? undefined, needsKey: answer?.status === 401 };
}

/**
 * Returns the meaning of a threshold: upper bounds for both error rates of one comparison, and the threshold for an FMR of 1e-4.
 * @param {number} threshold
 * @param {any} calibration
 */
export function describeThreshold(threshold, calibration) {
  const meaning = 'A probe photo matches when its similarity is at or above this.';
  if (!calibration) return meaning;
  const known = calibration.points.filter((/** @type {any} */ point) => point.threshold <= threshold);
  if (known.length === 0)
    return `${meaning} It is below the thresholds at which this model pack was measured.`;
  const fmr = Math.min(...known.map((/** @type {any} */ point) => point.fmr));
  const pairs = calibration.non_mated_pairs
    ? `, ${calibration.non_mated_pairs.toLocaleString('en')} pairs of different people`
    : '';
  const oneIn = (1 / fmr).toLocaleString('en', { maximumSignificantDigits: 2, roundingMode: 'floor' });
  return `${meaning} At most 1 in ${oneIn} pairs of different people reach it (${calibration.dataset}${pairs}, ${calibration.date}).${describeMisses(threshold, calibration)}`;
}

/**
 * @param {number} threshold
 * @param {any} calibration
 */
function describeMisses(threshold, { points }) {
  const percent = (/** @type {number} */ rate) => `${Number((rate * 100).toPrecision(2))} %`;
  const rates = points.flatMap((/** @type {any} */ point) =>
    point.threshold >= threshold && point.fnmr !== undefined ? [point.fnmr] : [],
  );
  const misses =
    rates.length > 0 ? ` At most ${percent(Math.min(...rates))} of pairs of one person miss it.` : '';
  const common = points.find((/** @type {any} */ point) => point.fmr === 1e-4);
  return common ? `${misses} 1 in 10,000 (an FMR of 1e-4) requires ${common.threshold}.` : misses;
}
