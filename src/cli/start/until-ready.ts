import { createConnection } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../user-error.js';
import type { Supervisor } from './supervisor.js';

/** How long a program may take until it answers, ms: large packs load and test themselves first. */
const READY_TIMEOUT_MS = 120_000;
/** Intervals at which a port and a page are checked, ms. */
const INTERVAL_MS = { port: 50, page: 250 } as const;
/** Time limit of one check, ms. */
const LOOK_TIMEOUT_MS = 5_000;

/** Resolves once something accepts connections on `port` of loopback. @throws UserError as `untilTrue` does. */
export function untilPortAnswers(port: number, supervisor: Supervisor): Promise<void> {
  return untilTrue(() => acceptsConnections(port), INTERVAL_MS.port, supervisor);
}

/** Resolves once GET `url` is answered with 2xx. @throws UserError as `untilTrue` does. */
export function untilUrlAnswers(url: string, supervisor: Supervisor): Promise<void> {
  return untilTrue(() => answersWell(url), INTERVAL_MS.page, supervisor);
}

/** @throws UserError when a program ends before `look` gives true, or time runs out. */
async function untilTrue(
  look: () => Promise<boolean>,
  intervalMs: number,
  supervisor: Supervisor,
): Promise<void> {
  let loss: string | undefined;
  void supervisor.firstLoss.then((reason) => {
    loss = reason;
  });
  const end = Date.now() + READY_TIMEOUT_MS;
  while (!(await look())) {
    if (Date.now() > end) loss ??= `no answer within ${READY_TIMEOUT_MS / 1_000} s`;
    if (loss) throw new UserError(`Could not start: ${loss}. The lines above say why.`);
    await pause(intervalMs);
  }
}

async function answersWell(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(LOOK_TIMEOUT_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: LOOK_TIMEOUT_MS });
    const answer = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}
