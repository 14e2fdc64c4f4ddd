/** Between two lines that say that a step still runs, ms. */
const INTERVAL_MS = 5_000;

/**
 * Says what begins, runs `work` and returns its result; a step that takes long says so every few seconds. `hint`:
 * what to add to those lines, from the second on.
 */
export async function showStep(label, work, hint = undefined) {
  console.error(label);
  const startedAt = Date.now();
  let lines = 0;
  const timer = setInterval(() => {
    lines += 1;
    const note = lines > 1 && hint ? `; ${hint}` : '';
    console.error(`  still at it after ${Math.round((Date.now() - startedAt) / 1_000)} s${note}`);
  }, INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
