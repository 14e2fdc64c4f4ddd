import type { VisionChild } from './vision-child.js';

/** Clock time after which a process is killed, however little processor time it has used, in deadlines. */
const PATIENCE = 4;

/**
 * Kills `child` after `deadlineMs` of processor time, or four times that by the clock, from now on. If processor time
 * cannot be read, kills it after `deadlineMs` by the clock. Returns a function that stops watching.
 */
export function watchDeadline(child: VisionChild, deadlineMs: number): () => void {
  const startedAt = performance.now();
  const { cpuMs } = child.usage;
  let ended = false;
  let timer: NodeJS.Timeout;
  const check = async (): Promise<void> => {
    const now = await child.readCpuMs();
    if (ended) return;
    const leftMs = now === undefined ? 0 : deadlineMs - (now - cpuMs);
    const clockLeftMs = PATIENCE * deadlineMs - (performance.now() - startedAt);
    const waitMs = Math.min(leftMs, clockLeftMs);
    if (waitMs <= 0) child.kill('deadline');
    else timer = setTimeout(() => void check(), waitMs);
  };
  timer = setTimeout(() => void check(), deadlineMs);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
