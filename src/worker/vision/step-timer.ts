/** Adds up how long the steps of one piece of work take. */
export interface StepTimer {
  /** Runs a step and adds its time to `name`, also when it fails. */
  measure<T>(name: string, step: () => T | Promise<T>): Promise<T>;
  /** Returns milliseconds by step, in the order of their first run. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** Returns a timer without any step. */
export function createStepTimer(): StepTimer {
  const timingsMs: Record<string, number> = {};
  return {
    timingsMs,
    async measure(name, step) {
      const startedAt = performance.now();
      try {
        return await step();
      } finally {
        timingsMs[name] = (timingsMs[name] ?? 0) + performance.now() - startedAt;
      }
    },
  };
}
