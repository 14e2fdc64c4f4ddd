import { printIsolation } from '../isolation/measure-isolation.js';
import { printCosts } from '../scale/measure-costs.js';
import { describeLoad } from '../scale/measure-curve.js';
import type { CurveReport } from '../scale/simulate-curve.js';
import type { PairReport } from './alternate.js';
import type { LoadReport } from './measure-load.js';
import type { BenchReport, EfficiencyReport, LatencyReport } from './report-types.js';

/** Returns a report as text for a terminal. */
export function printReport(report: BenchReport): string {
  const { machine } = report;
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; load average before: ${machine.loadBefore}`,
    ...report.efficiency.flatMap(printEfficiency),
    ...(report.latency ? printLatency(report.latency) : []),
    ...(report.api ? printApi(report.api) : []),
    ...(report.scaling ?? []).map(
      ({ workers, network, perSecond, answered, ended }) =>
        `${workers} worker(s), one processor each, ${network}: ${fixed(perSecond, 2)}/s; ${answered} answered, ${ended} done`,
    ),
    ...(report.cache
      ? [
          `reference cache: ${fixed(report.cache.perSecondWithout, 2)}/s without, ` +
            `${fixed(report.cache.perSecondWith, 2)}/s with (${fixed(report.cache.hitRate * 100, 0)} % hits)`,
        ]
      : []),
    ...(report.early ? ['', 'EARLY_DECISION=true against false', ...report.early.map(printPair)] : []),
    ...(report.access ? printAccess(report.access) : []),
    ...(report.uploads ? printUploads(report.uploads) : []),
    ...(report.costs ? printCosts(report.costs) : []),
    ...(report.curve ? printCurve(report.curve) : []),
    ...(report.isolation ? ['', ...printIsolation(report.isolation)] : []),
  ].join('\n');
}

function printEfficiency(report: EfficiencyReport): string[] {
  const { floor, load } = report;
  const steps = Object.entries(load.stepsMs).map(([step, ms]) => `${step} ${fixed(ms)}`);
  const cpu = Object.entries(load.cpuMsByRole).map(([role, ms]) => `${role} ${fixed(ms)}`);
  return [
    '',
    `${report.pack}, ${report.kind}, ${report.processes} process(es) × ${report.threads} thread(s)`,
    `  floor ${fixed(floor.floorMs)} ms a photo (decode ${fixed(floor.decodeMs)}, detect ${fixed(floor.detectMs)}, ` +
      `embed ${fixed(floor.embedMs)}); pipeline ${fixed(floor.pipelineMs)}; full decode ${fixed(floor.fullDecodeMs)}` +
      (floor.publishedDetectMs === undefined
        ? ''
        : `; as published: detect ${fixed(floor.publishedDetectMs)}, embed ${fixed(floor.publishedEmbedMs ?? 0)}`),
    `  ${fixed(report.perSecond, 2)} comparisons/s; core-efficiency ${fixed(report.coreEfficiency, 2)}, ` +
      `of the CPU time spent ${fixed(report.cpuEfficiency, 2)}; others took ${fixed(load.othersCores, 2)} cores`,
    `  ms a comparison: ${steps.join(', ')}`,
    `  CPU ms a comparison: ${cpu.join(', ')}`,
    `  event loop p99: API ${fixed(load.loopDelayMs.api)} ms, worker ${fixed(load.loopDelayMs.worker)} ms`,
    `  memory: API ${fixed(report.apiMemoryMb, 0)} MB, worker ${fixed(report.workerMemoryMb, 0)} MB, ` +
      `vision ${report.visionMemoryMb.map((mb) => fixed(mb, 0)).join(' + ')} MB`,
  ];
}

function printLatency({ capacity, steps }: LatencyReport): string[] {
  return [
    '',
    `latency at fixed rates; capacity ${fixed(capacity, 2)}/s`,
    ...steps.map(({ part, arrivals, load, overheadP50Ms }) => {
      const offered = `${fixed(part * 100, 0)} % (${arrivals})`.padEnd(16);
      return `  ${offered} ${describeServed(load)}; over the worker's time ${fixed(overheadP50Ms)} ms`;
    }),
  ];
}

function describeServed({ perSecond, latencyMs, refusalMs, answers, loopDelayMs }: LoadReport): string {
  const { p50, p95, p99 } = latencyMs;
  const refused = answers[503] ? `, ${answers[503]} refused (p99 ${fixed(refusalMs.p99)} ms)` : '';
  const others = Object.entries(answers).filter(([status]) => status !== '200' && status !== '503');
  const odd = others.map(([status, count]) => `, ${count} × ${status}`).join('');
  return (
    `served ${fixed(perSecond, 2)}/s${refused}${odd}; p50 ${fixed(p50)}, p95 ${fixed(p95)}, p99 ${fixed(p99)} ms; ` +
    `loop p99 ${fixed(loopDelayMs.api)} and ${fixed(loopDelayMs.worker)} ms`
  );
}

function printApi({ perSecond, aloneMs, apiCpuMs, redisCpuMs, loopDelayMs, waiting }: ApiReport): string[] {
  return [
    '',
    `API with jobs that cost nothing: ${fixed(perSecond, 0)}/s; alone p50 ${fixed(aloneMs.p50)}, p99 ${fixed(aloneMs.p99)} ms; ` +
      `CPU a request: API ${fixed(apiCpuMs, 2)}, Redis ${fixed(redisCpuMs, 2)} ms; event loop p99 ${fixed(loopDelayMs)} ms`,
    `  ${waiting.callers} waiting callers: ${waiting.connectionsBefore} → ${waiting.connectionsWith} connections, ` +
      `${fixed(waiting.memoryBeforeMb, 0)} → ${fixed(waiting.memoryWithMb, 0)} MB, ${waiting.answered} answered`,
  ];
}

function printUploads(uploads: NonNullable<BenchReport['uploads']>): string[] {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    '',
    'Photos in the request',
    `  0.3 MP, one caller: ${ms(uploads.urlMs)} by URL, ${ms(uploads.formMs)} in a form; ${ms(uploads.extraMs)} more (median of ${uploads.pairs} pairs)`,
    ...uploads.loads.map(
      ({ as, callers, megabytesPerSecond, failures, gcShare, ...loop }) =>
        `  ${callers} callers with 4 × 2 MB as ${as}: ${megabytesPerSecond.toFixed(0)} MB/s, event loop p99 ${ms(loop.loopLateMs)} late; in 10 ms p99 ${ms(loop.loopCpuMs)} of its own CPU, ${ms(loop.loopWaitMs)} waiting for a core; garbage collection ${(gcShare * 100).toFixed(0)} %; ${failures} refused`,
    ),
  ];
}

function printAccess({ comparisons, bareApi }: NonNullable<BenchReport['access']>): string[] {
  const line = (what: string, { openPerSecond, guardedPerSecond, ratio, ...rest }: typeof comparisons) =>
    `  ${what}: ${fixed(openPerSecond, 2)}/s without, ${fixed(guardedPerSecond, 2)}/s with: ${fixed(ratio * 100)} % ` +
    `(CPU of API and Redis ${fixed(rest.openCpuMs, 2)} and ${fixed(rest.guardedCpuMs, 2)} ms a request)`;
  return [
    '',
    'API keys and a rate limit, throughput without and with',
    line('comparisons', comparisons),
    line('jobs that cost nothing', bareApi),
  ];
}

function printCurve({ aloneRatio, capacityRatio, handOverMs, cpuMs, points }: CurveReport): string[] {
  const times = ({ perSecond, latencyMs: { p50, p95, p99 } }: CurveReport['points'][number]['measured']) =>
    `${fixed(perSecond, 2)}/s, p50 ${fixed(p50, 0)}, p95 ${fixed(p95, 0)}, p99 ${fixed(p99, 0)} ms`;
  const percent = (value: number) => `${value < 0 ? '' : '+'}${fixed(value * 100, 0)} %`;
  return [
    '',
    'Latency over load, measured and simulated; errors of the simulation in throughput, p50, p95',
    `  CPU ms a comparison: ${printRoles(cpuMs)}; to hand over a photo ${fixed(handOverMs, 2)}`,
    `  a photo alone to a photo with all processes busy: × ${fixed(aloneRatio, 2)}; measured to simulated capacity: × ${fixed(capacityRatio, 2)}`,
    ...points.map(
      ({ measured, simulated, error, runs, ...load }) =>
        `  ${describeLoad(load).padEnd(40)} ${times(measured)}; simulated ${times(simulated)}: ` +
        `${percent(error.perSecond)}, ${percent(error.p50)}, ${percent(error.p95)} ` +
        runs.map(printRun).join(''),
    ),
  ];
}

function printRun(run: CurveReport['points'][number]['runs'][number]): string {
  const { perSecond, latencyMs, cpuMs, othersCores, photoMs } = run;
  const busy = (perSecond * Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0)) / 1_000;
  return (
    `\n    p50 ${fixed(latencyMs.p50, 0)}, p95 ${fixed(latencyMs.p95, 0)} ms, ${fixed(busy, 2)} cores, others ${fixed(othersCores, 2)}; ` +
    `a photo ${fixed(photoMs)} ms; ${printRoles(cpuMs)}`
  );
}

function printRoles(cpuMs: CurveReport['cpuMs']): string {
  const roles = Object.entries(cpuMs).map(([role, ms]) => `${role} ${fixed(ms)}`);
  return roles.join(', ');
}

type ApiReport = NonNullable<BenchReport['api']>;

/** Returns one line about two services under the same load. */
export function printPair({ kind, inFlight, sides, ratio }: PairReport): string {
  const side = ({ name, perSecond, latencyMs, cpuMs, memoryMb, failures }: PairReport['sides'][number]) =>
    `${name} ${fixed(perSecond, 2)}/s, p50 ${fixed(latencyMs, 0)} ms, CPU ${fixed(cpuMs, 0)} ms, ${fixed(memoryMb, 0)} MB` +
    (failures > 0 ? `, ${failures} failed` : '');
  return (
    `  ${kind}, ${inFlight} caller(s): ${sides.map(side).join('; ')}; ` +
    `throughput × ${fixed(ratio.perSecond, 2)}, latency × ${fixed(ratio.latency, 2)}, CPU × ${fixed(ratio.cpu, 2)}`
  );
}

const fixed = (value: number, digits = 1): string => value.toFixed(digits);
