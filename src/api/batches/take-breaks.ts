import { setImmediate } from 'node:timers/promises';

/** Time after which other requests get their turn, ms. */
const TURN_MS = 5;

/** Returns a function to await between two steps of long work: it lets the program answer others every few milliseconds. */
export function createBreaks(): () => Promise<void> {
  let turnStartedAt = performance.now();
  return async () => {
    if (performance.now() - turnStartedAt < TURN_MS) return;
    await setImmediate();
    turnStartedAt = performance.now();
  };
}
