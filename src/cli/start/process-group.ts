import { setTimeout as pause } from 'node:timers/promises';

/** Interval at which a group that was asked to end is checked, ms. */
const LOOK_INTERVAL_MS = 25;

/**
 * Ends a program that leads its own process group, and all it started. The leader is asked (SIGTERM), so that it can
 * close its children in its own order; what is left after `graceMs` or once the leader is gone is killed.
 */
export async function endProcessGroup(leader: number, graceMs: number): Promise<void> {
  const end = Date.now() + graceMs;
  send(leader, 'SIGTERM');
  while (isRunning(leader) && Date.now() < end) await pause(LOOK_INTERVAL_MS);
  killProcessGroup(leader);
}

/** Kills every process of the group at once. */
export function killProcessGroup(leader: number): void {
  send(-leader, 'SIGKILL');
}

function isRunning(pid: number): boolean {
  return send(pid, 0);
}

/** True when there was something to send the signal to. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
