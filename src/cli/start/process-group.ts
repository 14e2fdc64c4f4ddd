import { setTimeout as pause } from 'node:timers/promises';

/** Interval at which a process group that is ending is checked, ms. */
const CHECK_INTERVAL_MS = 25;

/**
 * Ends a program that leads its own process group, and everything it started. The leader gets SIGTERM, so that it can close
 * its children in its own order. What remains after `graceMs`, or when the leader has ended, is killed.
 */
export async function endProcessGroup(leader: number, graceMs: number): Promise<void> {
  const end = Date.now() + graceMs;
  send(leader, 'SIGTERM');
  while (isRunning(leader) && Date.now() < end) await pause(CHECK_INTERVAL_MS);
  killProcessGroup(leader);
}

/** Kills every process of the group immediately. */
export function killProcessGroup(leader: number): void {
  send(-leader, 'SIGKILL');
}

function isRunning(pid: number): boolean {
  return send(pid, 0);
}

/** True if the process or group existed. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
