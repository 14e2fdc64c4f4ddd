import type { ResultDetails } from '../contract/compare-result.js';
import { type ComparisonOutcome, readOutcome } from '../contract/comparison-outcome.js';
import { parseJson } from './parse-json.js';

/** The recorded end of a job: its outcome, and the details that the request asked for. */
export interface OutcomeRecord extends ResultDetails {
  readonly outcome: ComparisonOutcome;
}

/** Returns the text of `Keyspace.outcome` for a job that was accepted at this time. */
export function writeOutcomeRecord(record: OutcomeRecord, acceptedAt: number): string {
  return JSON.stringify({ accepted_at: acceptedAt, ...record });
}

/**
 * Reads the text of `Keyspace.outcome`; undefined if it belongs to an earlier job with the same id. An Idempotency-Key
 * makes that possible, for example when a job was cancelled after it had lost its worker.
 */
export function readOutcomeRecord(text: string | null, acceptedAt: number): OutcomeRecord | undefined {
  if (text === null) return undefined;
  const record = parseJson(text) as (OutcomeRecord & { readonly accepted_at?: number }) | undefined;
  return record?.accepted_at === acceptedAt
    ? { outcome: readOutcome(record.outcome), evidence: record.evidence, receipt: record.receipt }
    : undefined;
}
