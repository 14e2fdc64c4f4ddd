/** Interval at which the process that started this one is checked, ms. */
const PARENT_INTERVAL_MS = 500;

export interface StopRequestOptions {
  /** The process that started this one: its end counts too, as when npm was killed and nobody can press Ctrl-C. */
  readonly parent: number | undefined;
}

/** Calls `stop` for the first request to end, and `kill` for each signal after it. */
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
