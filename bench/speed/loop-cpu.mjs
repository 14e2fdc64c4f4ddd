// Loaded into a program with --import. On SIGUSR2 it writes the 99th percentile of the CPU time between two ticks of a timer
// of 10 ms since the last signal, in ms, to the file LOOP_CPU_FILE. All threads of the program count, so it is an upper bound
// of the time for which its event loop was busy, and other programs do not change it much.
import { renameSync, writeFileSync } from 'node:fs';

const TICK_MS = 10;
let samples = [];
let last = process.cpuUsage();

const readCpuMs = () => {
  const { user, system } = process.cpuUsage(last);
  last = process.cpuUsage();
  return (user + system) / 1_000;
};

setInterval(() => samples.push(readCpuMs()), TICK_MS).unref();
process.on('SIGUSR2', () => {
  const sorted = [...samples].sort((left, right) => left - right);
  const file = process.env.LOOP_CPU_FILE;
  writeFileSync(`${file}.new`, String(sorted[Math.floor(sorted.length * 0.99)] ?? 0));
  renameSync(`${file}.new`, file);
  samples = [];
  readCpuMs();
});
