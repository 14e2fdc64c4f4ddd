/** Result of a fuzzing run. */
export interface FuzzResult {
  /** Figures for the console. */
  readonly lines: readonly string[];
  /** Violations; empty if everything is fine. */
  readonly findings: readonly string[];
}
