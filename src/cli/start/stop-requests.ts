/** Between two looks at the process that started this one, ms. */
const PARENT_INTERVAL_MS = 500;

export interface StopRequestOptions {
  /** Also count the end of the process that started this one, as when npm was killed and could not pass it on. */
  readonly watchParent: boolean;
}

/** Calls `stop` for the first request to end, and `kill` for each signal after it. */
export function onStopRequest(
  { stop, kill }: { readonly stop: () => void; readonly kill: () => void },
  { watchParent }: StopRequestOptions,
): void {
  let asked = false;
  const ask = (): void => {
    if (asked) kill();
    else stop();
    asked = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
  if (!watchParent) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    if (!asked) ask();
  }, PARENT_INTERVAL_MS);
  timer.unref();
}
