import type { IsolationRow } from '../isolation/measure-isolation.js';
import type { PeerRow } from '../peers/measure-peers.js';
import type { CostsReport } from '../scale/measure-costs.js';
import type { CurveReport } from '../scale/simulate-curve.js';
import type { PairReport } from './alternate.js';
import type { FloorReport } from './floor.js';
import type { PhotoKind } from './make-photos.js';
import type { AccessReport } from './measure-access.js';
import type { ApiReport } from './measure-api.js';
import type { LoadReport } from './measure-load.js';
import type { UploadReport } from './measure-uploads.js';
import type { Pack } from './packs.js';

/** Throughput of one worker on the whole machine, and the floor measured right before it; medians over the runs. */
export interface EfficiencyReport {
  readonly pack: Pack['name'];
  readonly kind: PhotoKind;
  readonly processes: number;
  readonly threads: number;
  readonly floor: FloorReport;
  /** Comparisons per second. */
  readonly perSecond: number;
  /** Floor of the three photos that decide a comparison / (time × cores). */
  readonly coreEfficiency: number;
  /** That floor / CPU time of the whole service. Not affected by other programs on the machine. */
  readonly cpuEfficiency: number;
  /** Resident memory of each vision process after the run, MB. */
  readonly visionMemoryMb: readonly number[];
  readonly workerMemoryMb: number;
  readonly apiMemoryMb: number;
  /** The run whose throughput is the median. */
  readonly load: LoadReport;
  /** Throughputs of all runs, in order. */
  readonly runs: readonly number[];
}

/** Latency by offered load. */
export interface LatencyReport {
  /** Capacity from which the rates are derived, comparisons per second. */
  readonly capacity: number;
  readonly steps: readonly {
    /** Offered load as a fraction of the capacity. */
    readonly part: number;
    readonly arrivals: 'even' | 'random';
    readonly load: LoadReport;
    /** Median latency minus median time in the worker, ms: API, queue, wait for a free worker. */
    readonly overheadP50Ms: number;
  }[];
}

export interface ScalingStep {
  readonly workers: number;
  /** Processors of each worker, in the format of taskset. */
  readonly cpus: readonly string[];
  /** Network of the workers: ours, or a separate namespace. */
  readonly network: 'loopback' | 'namespaces';
  readonly perSecond: number;
  /** Answers of 200, and comparisons that the workers ended. More of the latter would mean that a job ran twice. */
  readonly answered: number;
  readonly ended: number;
}

export interface CacheReport {
  readonly perSecondWithout: number;
  readonly perSecondWith: number;
  /** Fraction of look-ups that found the reference. */
  readonly hitRate: number;
}

export interface BenchReport {
  readonly startedAt: string;
  readonly quick: boolean;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly node: string;
    /** Load average of the last minute before the benchmark: the load of other programs. */
    readonly loadBefore: number;
  };
  readonly efficiency: readonly EfficiencyReport[];
  readonly latency?: LatencyReport;
  readonly api?: ApiReport;
  readonly scaling?: readonly ScalingStep[];
  readonly cache?: CacheReport;
  /** EARLY_DECISION=true against false. */
  readonly early?: readonly PairReport[];
  /** Against the former Python service. */
  readonly peers?: readonly PeerRow[];
  readonly access?: AccessReport;
  readonly uploads?: UploadReport;
  readonly isolation?: readonly IsolationRow[];
  /** Latency over load, measured and simulated. */
  readonly curve?: CurveReport;
  /** Costs by route and photo. */
  readonly costs?: CostsReport;
}
