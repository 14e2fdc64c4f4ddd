/** The time between the order to stop and the end of listening, in which balancers learn to go elsewhere. */
export interface Drain {
  isRunning(): boolean;
  /** Resolves when the time is over. */
  start(): Promise<void>;
}

/** Returns a drain of `durationMs`; with 0 the server closes at once. */
export function createDrain(durationMs: number): Drain {
  let running = false;
  return {
    isRunning: () => running,
    start: () => {
      running = true;
      return new Promise((resolve) => setTimeout(resolve, durationMs));
    },
  };
}
