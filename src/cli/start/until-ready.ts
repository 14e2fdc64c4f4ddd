import { createConnection } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../user-error.js';
import type { Supervisor } from './supervisor.js';

/** Time limit for a program to become ready, ms. Large packs take long to load and test. */
const READY_TIMEOUT_MS = 120_000;
/** Intervals at which a port and a page are checked, ms. */
const INTERVAL_MS = { port: 50, page: 250 } as const;
/** Time limit of one check, ms. */
const CHECK_TIMEOUT_MS = 5_000;

/** Resolves when something accepts connections on `port` of loopback. @throws UserError as `untilTrue` does. */
export function untilPortAnswers(port: number, supervisor: Supervisor): Promise<void> {
  return untilTrue(() => acceptsConnections(port), INTERVAL_MS.port, supervisor);
}

/** Resolves when GET `url` is answered with 2xx. @throws UserError as `untilTrue` does. */
export function untilUrlAnswers(url: string, supervisor: Supervisor): Promise<void> {
  return untilTrue(() => answersWell(url), INTERVAL_MS.page, supervisor);
}

/** Repeats `check` until it gives true. @throws UserError if a program ends before that, or time runs out. */
async function untilTrue(
  check: () => Promise<boolean>,
  intervalMs: number,
  supervisor: Supervisor,
): Promise<void> {
  let loss: string | undefined;
  void supervisor.firstLoss.then((reason) => {
    loss = reason;
  });
  const end = Date.now() + READY_TIMEOUT_MS;
  while (!(await check())) {
    if (Date.now() > end) loss ??= `no answer within ${READY_TIMEOUT_MS / 1_000} s`;
    if (loss) throw new UserError(`The service could not start: ${loss}. The lines above show the reason.`);
    await pause(intervalMs);
  }
}

async function answersWell(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: CHECK_TIMEOUT_MS });
    const answer = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}
