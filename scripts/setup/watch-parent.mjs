/** Interval at which the process that started this one is checked, ms. */
const INTERVAL_MS = 500;

/**
 * Asks this process to end, as SIGTERM does, once npm, which started it, has ended: a signal to npm alone ends npm and
 * its shell and reaches nobody else. Returns how to stop watching and, where npm started us, its process id.
 */
export function watchParent() {
  if (process.env.npm_lifecycle_event === undefined) return { parent: undefined, end: () => undefined };
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, INTERVAL_MS);
  timer.unref();
  return { parent, end: () => clearInterval(timer) };
}
