import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const START_LIMIT_MS = 180_000;
const POLL_MS = 200;
/** A server that does not end by then is killed, ms. */
const GRACE_MS = 20_000;

const servers = new Set<ChildProcess>();

/** A program that runs until it is stopped. */
export interface Server {
  readonly pid: number;
  /**
   * Resolves with the first result of `look` that is not undefined.
   * @throws Error with `problem` and the end of the log if the server ends before that or it takes minutes.
   */
  waitFor<T>(problem: string, look: () => Promise<T | undefined>): Promise<T>;
  /** Asks it to end with this signal, default SIGTERM, and resolves once it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program, whose output goes to the file `log`. The kernel kills it when this process ends, however that happens. */
export function startServer(
  words: readonly string[],
  { env, log }: { readonly env: Readonly<Record<string, string>>; readonly log: string },
): Server {
  const output = openSync(log, 'w');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', output, output],
    detached: true,
  });
  servers.add(child);
  child.once('exit', () => servers.delete(child));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    stop: (signal = 'SIGTERM') => end(child, signal),
    waitFor: async (problem, look) => {
      const deadline = Date.now() + START_LIMIT_MS;
      for (;;) {
        const found = await look();
        if (found !== undefined) return found;
        if (hasEnded() || Date.now() > deadline)
          throw new Error(`${problem}; its log ends with:\n${readFileSync(log, 'utf8').slice(-3_000)}`);
        await pause(POLL_MS);
      }
    },
  };
}

/** Kills every server. */
export async function stopServers(): Promise<void> {
  await Promise.all([...servers].map((child) => end(child, 'SIGKILL')));
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.kill(signal);
  await ended;
  clearTimeout(timer);
}
