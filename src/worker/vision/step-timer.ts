/** Measures how long the steps of one task take. */
export interface StepTimer {
  /** Runs a step and adds its time to `name`, even if it fails. */
  measure<T>(name: string, step: () => T | Promise<T>): Promise<T>;
  /** Returns milliseconds by step, in the order of their first run. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** Returns a timer without steps. */
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
