/** What a stretch of fuzzing came to. */
export interface FuzzResult {
  /** Figures, for people. */
  readonly lines: readonly string[];
  /** What must not be; empty when all is well. */
  readonly findings: readonly string[];
}
