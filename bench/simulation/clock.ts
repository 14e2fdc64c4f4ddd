import { createMinHeap } from './min-heap.js';

/** Simulated time: events happen in the order of their times, and nothing takes time between them. */
export interface Clock {
  /** Simulated milliseconds since the start. */
  readonly now: number;
  /** Calls `event` after `delayMs`, at least 0. */
  after(delayMs: number, event: () => void): void;
  /** Lets time pass until the next event is later than `endMs`, or none is left. */
  runUntil(endMs: number): void;
}

/** Returns a clock at time 0 without events. */
export function createClock(): Clock {
  const events = createMinHeap<() => void>();
  let now = 0;
  return {
    get now() {
      return now;
    },
    after: (delayMs, event) => events.push(now + Math.max(0, delayMs), event),
    runUntil: (endMs) => {
      for (let next = events.first(); next && next.key <= endMs; next = events.first()) {
        events.pop();
        now = next.key;
        next.value();
      }
      if (Number.isFinite(endMs)) now = Math.max(now, endMs);
    },
  };
}
