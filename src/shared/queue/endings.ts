import { type ComparisonOutcome, readOutcome } from '../contract/comparison-outcome.js';
import type { Evidence } from '../contract/evidence.js';
import { parseJson } from './parse-json.js';

/** How a job ended, with what is shown for it on request. */
export interface Ending {
  readonly outcome: ComparisonOutcome;
  readonly evidence?: Evidence | undefined;
}

/** Returns the record under `Keyspace.ending` for a job that was accepted at this time. */
export function writeEnding(ending: Ending, acceptedAt: number): string {
  return JSON.stringify({ accepted_at: acceptedAt, ...ending });
}

/**
 * Reads the record under `Keyspace.ending`; undefined if it belongs to an earlier job of the same id, which an
 * Idempotency-Key makes possible: one that was cancelled after it had lost its worker, say.
 */
export function readEnding(text: string | null, acceptedAt: number): Ending | undefined {
  if (text === null) return undefined;
  const kept = parseJson(text) as (Ending & { readonly accepted_at?: number }) | undefined;
  return kept?.accepted_at === acceptedAt
    ? { outcome: readOutcome(kept.outcome), evidence: kept.evidence }
    : undefined;
}
