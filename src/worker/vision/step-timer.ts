/** Measures how long the steps of one task take. */
export interface StepTimer {
  /**
   * Runs a step and adds its time to `name`, even if it fails. Steps run one after the other; one that runs within
   * another counts only for itself.
   */
  measure<T>(name: string, step: () => T | Promise<T>): Promise<T>;
  /** Returns milliseconds by step, in the order of their first run. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** Returns a timer without steps. */
export function createStepTimer(): StepTimer {
  const timingsMs: Record<string, number> = {};
  let withinMs = 0;
  return {
    timingsMs,
    async measure(name, step) {
      const startedAt = performance.now();
      const before = withinMs;
      withinMs = 0;
      try {
        return await step();
      } finally {
        const elapsedMs = performance.now() - startedAt;
        timingsMs[name] = (timingsMs[name] ?? 0) + elapsedMs - withinMs;
        withinMs = before + elapsedMs;
      }
    },
  };
}
