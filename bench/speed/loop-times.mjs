// Loaded into a program with --import. On SIGUSR2 it writes to the file LOOP_TIMES_FILE, as JSON, how its event loop spent the
// time since the last signal: between two ticks of a timer of 10 ms, or of a later one if the loop was busy, the 99th percentiles
// of how late the tick was by the clock, of the CPU time of the loop's thread, and of the time that this thread waited for a
// core, in ms; and the share of the time that garbage collection took. Linux only.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';

const TICK_MS = 10;

/** CPU time of the main thread and its time in the queue for a core, ms. */
const readThread = () => {
  const [cpuNs, waitNs] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return { cpuMs: Number(cpuNs) / 1e6, waitMs: Number(waitNs) / 1e6 };
};

let samples = [];
let gcMs = 0;
let startedAt = performance.now();
let last = { at: startedAt, ...readThread() };

setInterval(() => {
  const now = { at: performance.now(), ...readThread() };
  samples.push({
    lateMs: now.at - last.at - TICK_MS,
    cpuMs: now.cpuMs - last.cpuMs,
    waitMs: now.waitMs - last.waitMs,
  });
  last = now;
}, TICK_MS).unref();

new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) gcMs += duration;
}).observe({ entryTypes: ['gc'] });

const quantile = (name) => {
  const sorted = samples.map((sample) => sample[name]).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
};

process.on('SIGUSR2', () => {
  const file = process.env.LOOP_TIMES_FILE;
  const figures = {
    lateMs: quantile('lateMs'),
    cpuMs: quantile('cpuMs'),
    waitMs: quantile('waitMs'),
    gcShare: gcMs / (performance.now() - startedAt),
  };
  writeFileSync(`${file}.new`, JSON.stringify(figures));
  renameSync(`${file}.new`, file);
  samples = [];
  gcMs = 0;
  startedAt = performance.now();
});
