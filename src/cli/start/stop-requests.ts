/** Interval at which the parent process is checked, ms. */
const PARENT_INTERVAL_MS = 500;

export interface StopRequestOptions {
  /** The parent process. Its end also counts as a request: after npm was killed, nobody can press Ctrl-C. */
  readonly parent: number | undefined;
}

/** Calls `stop` for the first request to stop, and `kill` for each later signal. */
export function onStopRequest(
  { stop, kill }: { readonly stop: () => void; readonly kill: () => void },
  { parent }: StopRequestOptions,
): void {
  let asked = false;
  const ask = (): void => {
    if (asked) kill();
    else stop();
    asked = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
  if (parent === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    if (!asked) ask();
  }, PARENT_INTERVAL_MS);
  timer.unref();
}
