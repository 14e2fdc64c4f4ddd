import type { Answer, Verdict } from './ask-service.js';

/** The answers of both services to one request. */
export interface AnswerPair {
  /** Line of the request in its file, from 1. */
  readonly line: number;
  readonly old: Answer;
  readonly new: Answer;
}

export const VERDICTS: readonly Verdict[] = ['matched', 'not matched', 'could not tell', 'failed'];

/** Agreement of two services. */
export interface Agreement {
  /** Requests by the verdict of the new service, then of the old one. */
  readonly counts: Readonly<Record<Verdict, Readonly<Record<Verdict, number>>>>;
  /** Requests with the same verdict, other than `failed`. */
  readonly same: number;
  /** One service says matched, the other says not matched. */
  readonly contradictions: readonly AnswerPair[];
  /** One service decides, the other could not tell. */
  readonly undecided: readonly AnswerPair[];
  /** At least one service gave no usable answer. */
  readonly failed: readonly AnswerPair[];
  /** Median time of an answer that is not `failed`, ms; NaN without one. */
  readonly medianMs: { readonly old: number; readonly new: number };
}

/** Returns how the answers agree. The lists are in the order of the requests. */
export function summariseAgreement(pairs: readonly AnswerPair[]): Agreement {
  const ordered = pairs.toSorted((one, other) => one.line - other.line);
  const isFailed = (pair: AnswerPair): boolean => [pair.old.verdict, pair.new.verdict].includes('failed');
  const isUndecided = (pair: AnswerPair): boolean =>
    [pair.old.verdict, pair.new.verdict].includes('could not tell');
  const different = ordered.filter((pair) => !isFailed(pair) && pair.old.verdict !== pair.new.verdict);
  const failed = ordered.filter(isFailed);
  return {
    counts: countVerdicts(pairs),
    same: pairs.length - different.length - failed.length,
    contradictions: different.filter((pair) => !isUndecided(pair)),
    undecided: different.filter(isUndecided),
    failed,
    medianMs: { old: medianOf(pairs.map((pair) => pair.old)), new: medianOf(pairs.map((pair) => pair.new)) },
  };
}

function countVerdicts(pairs: readonly AnswerPair[]): Agreement['counts'] {
  const tally = <T>(of: (verdict: Verdict) => T) =>
    Object.fromEntries(VERDICTS.map((verdict) => [verdict, of(verdict)])) as Record<Verdict, T>;
  return tally((ofNew) =>
    tally((ofOld) => pairs.filter((pair) => pair.new.verdict === ofNew && pair.old.verdict === ofOld).length),
  );
}

function medianOf(answers: readonly Answer[]): number {
  const times = answers.filter(({ verdict }) => verdict !== 'failed').map(({ durationMs }) => durationMs);
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
