import type { VisionChild } from './vision-child.js';

/** Time on the clock after which a process is killed however little it has computed, in deadlines. */
const PATIENCE = 4;

/**
 * Kills `child` once it has computed for `deadlineMs` from now on, or has had four times that on the clock; where
 * processor time cannot be read, after `deadlineMs`. Returns the function that ends the watch.
 */
export function watchDeadline(child: VisionChild, deadlineMs: number): () => void {
  const startedAt = performance.now();
  const { cpuMs } = child.usage;
  let ended = false;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<void> => {
    const now = await child.readCpuMs();
    if (ended) return;
    const leftMs = now === undefined ? 0 : deadlineMs - (now - cpuMs);
    const clockLeftMs = PATIENCE * deadlineMs - (performance.now() - startedAt);
    const waitMs = Math.min(leftMs, clockLeftMs);
    if (waitMs <= 0) child.kill('deadline');
    else timer = setTimeout(() => void look(), waitMs);
  };
  timer = setTimeout(() => void look(), deadlineMs);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
