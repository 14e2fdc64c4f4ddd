import { simulateService } from '../simulation/simulate-service.js';
import type { Summary } from '../speed/statistics.js';
import type { CostsReport } from './measure-costs.js';
import { type CurveReport, costsOf, scalePhotos } from './simulate-curve.js';
import { type FleetSize, kindCosts, queueCosts, type SizingInput, sizeFleet } from './size-fleet.js';

/** bench/results/scale.json: what docs/scale.md is made from. */
export interface ScaleReport {
  readonly startedAt: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly node: string;
    readonly loadBefore: number;
  };
  readonly costs: CostsReport;
  readonly curve: CurveReport;
  readonly fleets: readonly SimulatedFleet[];
  readonly loads: readonly SimulatedLoadStep[];
}

/** A fleet by calculation, and its latency by simulation. */
export interface SimulatedFleet {
  readonly input: SizingInput;
  readonly size: FleetSize;
  /** Of one shard with random arrivals and photo hosts NETWORK_MS away. */
  readonly latencyMs: Summary;
  readonly visionUtilisation: number;
}

/** Latency of one worker at a share of its capacity. */
export interface SimulatedLoadStep {
  readonly workerCores: number;
  readonly machines: number;
  readonly part: number;
  readonly p50: number;
  readonly p99: number;
}

/** Time for which each download waits for the network in simulated fleets, ms. An assumption. */
export const NETWORK_MS = 50;
export const PER_MINUTE = [10, 1_000, 100_000] as const;
export const ASSUMED = {
  kind: '2mp',
  route: 'sync',
  workerCores: 4,
  coreHourPrice: 0.04,
  retentionSeconds: 86_400,
} as const;
const PARTS = [0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] as const;
const MACHINES = [1, 4] as const;
/** Simulated comparisons of each point. */
const COUNT = 4_000;

/** Sizes and simulates the fleets of docs/scale.md. */
export function simulateScale(costs: CostsReport, curve: CurveReport): Pick<ScaleReport, 'fleets' | 'loads'> {
  const fleets = PER_MINUTE.map((perMinute) => simulateFleet(costs, curve, { ...ASSUMED, perMinute }));
  const loads = MACHINES.flatMap((machines) =>
    PARTS.map((part) => simulateStep({ costs, curve }, { machines, part })),
  );
  return { fleets, loads };
}

/** Sizes one fleet and simulates one of its shards. */
export function simulateFleet(costs: CostsReport, curve: CurveReport, input: SizingInput): SimulatedFleet {
  const size = sizeFleet(costs, input);
  const perSecond = size.perSecond / size.shards;
  const queue = queueCosts(costs, input.route);
  const scale = kindCosts(costs, input.kind).cpuMs.vision / kindCosts(costs, curve.kind).cpuMs.vision;
  const { latencyMs, utilisation } = simulateService({
    costs: {
      ...costsOf({
        ...curve,
        cpuMs: { ...curve.cpuMs, worker: kindCosts(costs, input.kind).cpuMs.worker },
        visionMs: scalePhotos(curve.visionMs, scale),
      }),
      ...queue,
      hostMs: 0,
      networkMs: NETWORK_MS,
    },
    machines: {
      machines: size.workers / size.shards,
      cores: input.workerCores,
      apis: size.apis / size.shards,
    },
    load: { perSecond },
    period: { warmUpSeconds: 2, seconds: Math.max(4, COUNT / perSecond) },
    runs: 1,
  });
  return { input, size, latencyMs, visionUtilisation: utilisation.vision };
}

/** Simulates machines of ASSUMED.workerCores at a share of the throughput that their processor time allows. */
function simulateStep(
  { costs, curve }: { readonly costs: CostsReport; readonly curve: CurveReport },
  { machines, part }: Pick<SimulatedLoadStep, 'machines' | 'part'>,
): SimulatedLoadStep {
  const { workerCores, route } = ASSUMED;
  const capacity = (machines * workerCores * 1_000) / (curve.cpuMs.vision + curve.cpuMs.worker);
  const perSecond = part * capacity;
  const { latencyMs } = simulateService({
    costs: { ...costsOf(curve), ...queueCosts(costs, route), hostMs: 0, networkMs: NETWORK_MS },
    machines: { machines, cores: workerCores, apis: 2 },
    load: { perSecond },
    period: { warmUpSeconds: 5, seconds: COUNT / perSecond },
    runs: 1,
  });
  return { workerCores, machines, part, p50: latencyMs.p50, p99: latencyMs.p99 };
}
