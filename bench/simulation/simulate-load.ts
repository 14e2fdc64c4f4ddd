import { type Summary, summarise } from '../speed/statistics.js';
import type { Clock } from './clock.js';

/** How requests arrive. */
export type SimulatedLoad =
  | {
      /** Callers that send the next request when they have an answer. */
      readonly callers: number;
    }
  | {
      /** When requests are sent, whatever the answers do, ms from the start of the warm-up. */
      readonly arrivals: readonly number[];
    };

export interface LoadPeriod {
  /** Answers of the first seconds are not counted. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Result of a simulated period. */
export interface SimulatedReport {
  /** Answered requests per second. */
  readonly perSecond: number;
  readonly latencyMs: Summary;
  readonly refused: number;
}

/** Sends one request and calls back with its answer. */
export type Submit = (onAnswer: (isRefused: boolean) => void) => void;

/** Puts load on a simulated service, which is idle at first, and returns the result. */
export function simulateLoad(
  clock: Clock,
  submit: Submit,
  { load, period }: { readonly load: SimulatedLoad; readonly period: LoadPeriod },
): SimulatedReport {
  const start = clock.now;
  const countFrom = start + period.warmUpSeconds * 1_000;
  const end = countFrom + period.seconds * 1_000;
  const latencies: number[] = [];
  let answeredInPeriod = 0;
  let refused = 0;
  const isClosed = 'callers' in load;

  const fire = (onEnd: () => void): void => {
    const sentAt = clock.now;
    submit((isRefused) => {
      const isAnsweredInPeriod = clock.now >= countFrom && clock.now < end;
      // Open loop: every request that was sent in the period, as fireOpen waits for all answers.
      const counts = isClosed ? isAnsweredInPeriod : sentAt >= countFrom;
      if (isRefused) refused += counts ? 1 : 0;
      else {
        if (counts) latencies.push(clock.now - sentAt);
        if (isAnsweredInPeriod) answeredInPeriod += 1;
      }
      onEnd();
    });
  };
  if (isClosed) {
    const keepFiring = (): void => {
      if (clock.now < end) fire(keepFiring);
    };
    for (let caller = 0; caller < load.callers; caller++) keepFiring();
  } else {
    const arrivals = load.arrivals.values();
    const sendNext = (): void => {
      const { value: due } = arrivals.next();
      if (due === undefined) return;
      clock.after(start + due - clock.now, () => {
        sendNext();
        fire(() => undefined);
      });
    };
    sendNext();
  }
  clock.runUntil(Number.POSITIVE_INFINITY);
  return {
    // Open loop: until the last answer, as measureLoad counts.
    perSecond: isClosed
      ? answeredInPeriod / period.seconds
      : (latencies.length * 1_000) / (clock.now - countFrom),
    latencyMs: summarise(latencies),
    refused,
  };
}
