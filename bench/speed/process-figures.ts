import { readFileSync } from 'node:fs';

/** Clock ticks a second in /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Returns the CPU time a process has used so far, in seconds; 0 once it is gone. */
export function cpuSeconds(pid: number): number {
  // The name, in brackets, may hold spaces; the fields after it don't.
  const fields = readText(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
}

/** Returns resident memory now and at its peak, in MB (10^6 bytes); 0 once the process is gone. */
export function memoryMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readText(`/proc/${pid}/status`);
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return { now: (read('VmRSS') * 1024) / 1e6, peak: (read('VmHWM') * 1024) / 1e6 };
}

/** Returns the processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  return readText(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
}

/** Returns the CPU time that all processors together have spent on anything, in seconds. */
export function machineBusySeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
    readText('/proc/stat').split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  return (user + nice + system + irq + softirq + steal) / TICKS;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
