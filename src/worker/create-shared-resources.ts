import type { WorkerConfig } from '../shared/config/config.js';
import { connectRedis, type RedisConnection } from '../shared/redis/connect-redis.js';
import { createPhotoCipher, UndecryptableError } from '../shared/uploads/photo-cipher.js';
import { readPhoto } from '../shared/uploads/photo-store.js';
import { fetchImage } from './images/fetch-image.js';
import { imageRulesOf } from './images/image-rules.js';
import { type ImageLoaders, loadImage } from './images/load-image.js';
import type { WorkerMetrics } from './metrics.js';
import { createHostResolver } from './net/dns/host-resolver.js';
import { createGuardedAgent } from './net/guarded-agent.js';
import { createByteBudget } from './tenant-shares/byte-budget.js';
import { type ComputeGate, createComputeGate } from './tenant-shares/compute-gate.js';
import type { SharedResources } from './tenant-shares/job-steps.js';
import type { SlowJobs } from './tenant-shares/slow-jobs.js';
import { createReferenceCache } from './verification/reference-cache.js';
import type { VisionPool } from './vision/process/vision-pool.js';
import type { WorkerParts } from './worker-parts.js';

/** Time for DNS, TCP and TLS together, ms. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Time over which the transfer rate of a host is measured, ms. */
const RATE_WINDOW_MS = 3_000;
const BYTES_PER_MB = 1_048_576;

export interface ResourceOptions extends Pick<WorkerParts, 'config' | 'readSettings' | 'keys' | 'shutdown'> {
  readonly slowJobs: SlowJobs;
  readonly pool: VisionPool;
  readonly metrics: Pick<WorkerMetrics, 'countReferenceLookup'>;
  /** Handles errors of the connection for photos. */
  readonly onError: (error: unknown) => void;
}

/** Creates what all jobs of a worker share, as its settings say. */
export function createSharedResources(options: ResourceOptions): SharedResources {
  const { config, readSettings, slowJobs } = options;
  const gate = createComputeGate({
    limit: config.VISION_PROCESSES,
    spareLimit: config.VISION_PROCESSES,
    costlyLimit: Math.max(1, config.VISION_PROCESSES - 1),
    weightOf: (tenant) => readSettings().tenants?.get(tenant)?.queueWeight ?? 1,
  });
  return {
    slowJobs,
    budget: createByteBudget(config.IMAGE_MEMORY_MB * BYTES_PER_MB),
    loadImage: createLoadImage(options),
    analyse: createAnalyse(options, gate),
    isCostly: gate.isCostly,
  };
}

function createLoadImage({
  config,
  readSettings,
  keys,
  ...parts
}: ResourceOptions): SharedResources['loadImage'] {
  const cipher = createPhotoCipher(config.UPLOAD_KEYS);
  const redis = cipher && openPhotoConnection(config, parts);
  const loaders: ImageLoaders = {
    fetchImage: createFetchImage(config, readSettings),
    readPhoto: (photo) => {
      if (!cipher || !redis) throw new UndecryptableError('unknown_key');
      return readPhoto(photo, { redis, keys, cipher });
    },
  };
  return (source, options) => loadImage(source, options, loaders);
}

/** A connection of its own: on the main one, a large photo would delay the renewal of locks. */
function openPhotoConnection(
  { REDIS_URL: target }: WorkerConfig,
  { onError, shutdown }: Pick<ResourceOptions, 'onError' | 'shutdown'>,
): RedisConnection {
  const redis = connectRedis(target, 'patient');
  redis.on('error', onError);
  shutdown.add('photos', () => redis.disconnect());
  return redis;
}

/** Each tenant's image hosts are as the settings have them when the download starts. */
function createFetchImage(
  config: WorkerConfig,
  readSettings: () => WorkerConfig,
): ImageLoaders['fetchImage'] {
  const agent = createGuardedAgent(config.addressPolicy, {
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    lookup: createHostResolver({ servers: config.DNS_SERVERS }),
  });
  const limits = {
    agent,
    userAgent: config.USER_AGENT,
    maxBytes: config.MAX_IMAGE_BYTES,
    timeoutMs: config.IMAGE_DOWNLOAD_TIMEOUT * 1_000,
    leastRate: {
      bytes: (config.IMAGE_MIN_BYTES_PER_SECOND * RATE_WINDOW_MS) / 1_000,
      perMs: RATE_WINDOW_MS,
    },
  };
  return (url, { owner, ...options }) =>
    fetchImage(url, { ...limits, ...imageRulesOf(owner, readSettings()), ...options });
}

function createAnalyse(
  { config, pool, metrics, shutdown }: ResourceOptions,
  gate: ComputeGate,
): SharedResources['analyse'] {
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
