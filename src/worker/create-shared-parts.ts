import type { WorkerConfig } from '../shared/config/config.js';
import type { Shutdown } from '../shared/runtime/shutdown.js';
import { fetchImage } from './images/fetch-image.js';
import type { WorkerMetrics } from './metrics.js';
import { createHostResolver } from './net/dns/host-resolver.js';
import { createGuardedAgent } from './net/guarded-agent.js';
import { createByteBudget } from './sharing/byte-budget.js';
import { type ComputeGate, createComputeGate } from './sharing/compute-gate.js';
import type { SharedParts } from './sharing/job-lane.js';
import type { SlowJobs } from './sharing/slow-jobs.js';
import { createReferenceCache } from './verification/reference-cache.js';
import type { VisionPool } from './vision/process/vision-pool.js';

/** Time to look up a name, connect and shake hands with a host, ms. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Time over which a host must keep to the least rate, ms. */
const RATE_WINDOW_MS = 3_000;
/** Photos let into the vision pool for each process: one is computed while the next is handed over. */
const PHOTOS_PER_PROCESS = 2;
const BYTES_PER_MB = 1_048_576;

export interface ShareableParts {
  readonly config: WorkerConfig;
  readonly slowJobs: SlowJobs;
  readonly pool: VisionPool;
  readonly metrics: WorkerMetrics;
  readonly shutdown: Shutdown;
}

/** Returns what the jobs of a worker share, built from its settings. */
export function createSharedParts(parts: ShareableParts): SharedParts {
  const { config, slowJobs } = parts;
  const gate = createComputeGate({
    limit: config.VISION_PROCESSES * PHOTOS_PER_PROCESS,
    costlyLimit: Math.max(1, config.VISION_PROCESSES - 1),
  });
  return {
    slowJobs,
    budget: createByteBudget(config.IMAGE_MEMORY_MB * BYTES_PER_MB),
    fetchImage: fetcherOf(config),
    analyse: analyserOf(parts, gate),
    isCostly: gate.isCostly,
  };
}

function fetcherOf(config: WorkerConfig): SharedParts['fetchImage'] {
  const policy = config.addressPolicy;
  const agent = createGuardedAgent(policy, {
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    lookup: createHostResolver({ servers: config.DNS_SERVERS }),
  });
  const limits = {
    policy,
    agent,
    maxBytes: config.MAX_IMAGE_BYTES,
    timeoutMs: config.IMAGE_DOWNLOAD_TIMEOUT * 1_000,
    leastRate: {
      bytes: (config.IMAGE_MIN_BYTES_PER_SECOND * RATE_WINDOW_MS) / 1_000,
      perMs: RATE_WINDOW_MS,
    },
  };
  return (url, signal, memory) => fetchImage(url, { ...limits, signal, memory });
}

function analyserOf(
  { config, pool, metrics, shutdown }: ShareableParts,
  gate: ComputeGate,
): SharedParts['analyse'] {
  const deadlineMs = config.IMAGE_DECODE_TIMEOUT * 1_000;
  const references =
    config.REFERENCE_CACHE_SIZE === 0
      ? undefined
      : createReferenceCache({
          size: config.REFERENCE_CACHE_SIZE,
          lifetimeMs: config.REFERENCE_CACHE_SECONDS * 1_000,
          onLookup: metrics.countReferenceLookup,
        });
  if (references) shutdown.add('reference cache', references.clear);
  return (bytes, role, turn) => {
    const analyse = () => gate.run(turn, () => pool.analyse(bytes, { deadlineMs, signal: turn.signal }));
    return role === 'reference' && references ? references.analyse(bytes, analyse) : analyse();
  };
}
