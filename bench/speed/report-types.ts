import type { IsolationRow } from '../isolation/measure-isolation.js';
import type { FloorReport } from './floor.js';
import type { PhotoKind } from './make-photos.js';
import type { AccessReport } from './measure-access.js';
import type { ApiReport } from './measure-api.js';
import type { LoadReport } from './measure-load.js';
import type { Pack } from './packs.js';

/** Throughput of one worker on the whole machine beside the floor measured right before it; medians over the runs. */
export interface EfficiencyReport {
  readonly pack: Pack['name'];
  readonly kind: PhotoKind;
  readonly processes: number;
  readonly threads: number;
  readonly floor: FloorReport;
  /** Comparisons (four photos) a second. */
  readonly perSecond: number;
  /** Floor × photos / (time × cores). */
  readonly coreEfficiency: number;
  /** Floor × photos / CPU time of everything that belongs to the service: not lowered by what others take of the machine. */
  readonly cpuEfficiency: number;
  /** Resident memory of each vision process after the run, MB. */
  readonly visionMemoryMb: readonly number[];
  readonly workerMemoryMb: number;
  readonly apiMemoryMb: number;
  /** The run whose throughput is the median. */
  readonly load: LoadReport;
  /** Throughputs of all runs, in their order. */
  readonly runs: readonly number[];
}

/** Latency over offered load. */
export interface LatencyReport {
  /** Capacity that the rates were taken from, comparisons a second. */
  readonly capacity: number;
  readonly steps: readonly {
    /** Offered load in parts of the capacity. */
    readonly part: number;
    readonly arrivals: 'even' | 'random';
    readonly load: LoadReport;
    /** Latency less the time in the worker, of the medians, ms: API, queue, wait for a free worker. */
    readonly overheadP50Ms: number;
  }[];
}

export interface ScalingStep {
  readonly workers: number;
  /** Processors of each worker, as taskset takes them. */
  readonly cpus: readonly string[];
  /** Whether they are reached by loopback or across two network namespaces. */
  readonly network: 'loopback' | 'namespaces';
  readonly perSecond: number;
  /** Answers with 200, and comparisons that the workers ended: more would mean that a job was done twice. */
  readonly answered: number;
  readonly ended: number;
}

export interface CacheReport {
  readonly perSecondWithout: number;
  readonly perSecondWith: number;
  /** Part of the look-ups that found the reference. */
  readonly hitRate: number;
}

export interface BenchReport {
  readonly startedAt: string;
  readonly quick: boolean;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly node: string;
    /** Load average of the last minute when the bench began: what others did. */
    readonly loadBefore: number;
  };
  readonly efficiency: readonly EfficiencyReport[];
  readonly latency?: LatencyReport;
  readonly api?: ApiReport;
  readonly scaling?: readonly ScalingStep[];
  readonly cache?: CacheReport;
  readonly access?: AccessReport;
  readonly isolation?: readonly IsolationRow[];
}
