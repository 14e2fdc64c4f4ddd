import type { Logger } from './logger.js';
import { withTimeLimit } from './with-time-limit.js';

interface Step {
  readonly name: string;
  readonly close: () => Promise<unknown> | unknown;
}

/** Closes everything that a program has opened, once, in reverse order and within a time limit. */
export interface Shutdown {
  /** Registers something to close. */
  add(name: string, close: Step['close']): void;
  /** Closes everything. Resolves to true if every step succeeded within the limit. */
  run(reason: string): Promise<boolean>;
}

/** Returns an empty shutdown list. `timeoutMs`: limit for all steps together. */
export function createShutdown(logger: Logger, timeoutMs: number): Shutdown {
  const steps: Step[] = [];
  let running: Promise<boolean> | undefined;

  const closeAll = async (reason: string): Promise<boolean> => {
    logger.info({ reason }, 'stopping');
    let clean = true;
    for (const step of steps.reverse()) {
      const startedAt = performance.now();
      try {
        await step.close();
        logger.debug({ step: step.name, ms: Math.round(performance.now() - startedAt) }, 'closed');
      } catch (error) {
        clean = false;
        logger.error({ err: error, step: step.name }, 'a step of the shutdown failed');
      }
    }
    return clean;
  };

  return {
    add: (name, close) => void steps.push({ name, close }),
    run: (reason) => {
      running ??= withTimeLimit(closeAll(reason), timeoutMs, () => false);
      return running;
    },
  };
}

/** A signal has come. It belongs to the process like the signal itself. */
let isAskedToEnd = false;

/** Runs `shutdown` on SIGTERM or SIGINT, then ends the process: 0 if it was clean, otherwise 1. */
export function exitOnSignals(shutdown: Shutdown): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      isAskedToEnd = true;
      void shutdown.run(signal).then((clean) => process.exit(clean ? 0 : 1));
    });
  }
}

/**
 * Ends a program that cannot start: prints the reason to standard error and exits with code 1. Does nothing after a signal,
 * because the shutdown closes what the start still waits for; `exitOnSignals` then ends the process.
 */
export function failToStart(error: unknown): void {
  if (isAskedToEnd) return;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
