import { z } from 'zod';
import { toVerificationError } from '../errors.js';
import {
  type AddressPolicy,
  checkUrl,
  createAddressPolicy,
  findImageHostProblem,
  findPrivateHostProblem,
} from '../net/address-policy.js';
import { findWebhookSecretProblem } from '../webhooks/webhook-secret.js';
import { parseApiKeys } from './api-keys.js';
import { cpuLimit } from './cpu-limit.js';
import { findOriginProblem } from './find-origin-problem.js';
import { decimalNumber, wholeNumber } from './number-text.js';
import {
  type Environment,
  readInherited,
  readNew,
  readSetting,
  type SettingFindings,
} from './read-setting.js';
import {
  checkedList,
  flag,
  httpUrl,
  keyList,
  list,
  listOf,
  nameServer,
  oneOf,
  redisUrl,
} from './setting-schemas.js';

/** A value of the Python service that was wrong and was replaced by its safe default. */
export type ConfigWarning = string;

/** Every wrong new variable at once; the process must not start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Wrong configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Lowest threshold for requests that name none, unless the operator asks for more: safe with every pack. */
const SAFE_THRESHOLD = 0.5;
const thresholdFrom = (floor: number) => ({
  schema: decimalNumber(floor, 1).refine((threshold) => threshold > 0, 'must be above 0, or strangers match'),
  fallback: Math.max(SAFE_THRESHOLD, floor),
});

/** The names of the Python service: a wrong value falls back to the default, with a warning. */
const inherited = {
  INSIGHTFACE_MODEL: { schema: z.string().min(1), fallback: 'buffalo_l' },
  DETECTION_SIZE: {
    schema: wholeNumber(64, 2048).refine((size) => size % 32 === 0, 'must be a multiple of 32'),
    fallback: 640,
  },
  FACE_MATCH_THRESHOLD: thresholdFrom(0),
  FACE_MATCH_MIN_MATCHES: {
    schema: z.enum(['2', '3']).transform((count) => (count === '2' ? 2 : 3)),
    fallback: 2,
  },
  IMAGE_DOWNLOAD_TIMEOUT: { schema: decimalNumber(0.1, 600), fallback: 15 },
  MAX_IMAGE_BYTES: { schema: wholeNumber(1024, 268_435_456), fallback: 10_485_760 },
} as const;

const sharedVariables = {
  REDIS_URL: redisUrl.prefault('redis://127.0.0.1:6379'),
  REDIS_PREFIX: z
    .string()
    .regex(/^\{[A-Za-z0-9_-]{1,40}\}$/, 'must be a name in braces, like {face}')
    .default('{face}'),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  LOG_USER_ID: flag.default(false),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  JOB_RETENTION_SECONDS: wholeNumber(60, 2_592_000).default(86_400),
  WEBHOOK_SECRETS: checkedList(findWebhookSecretProblem).default([]),
  ALLOWED_PRIVATE_HOSTS: checkedList(findPrivateHostProblem).default([]),
  ALLOWED_IMAGE_HOSTS: checkedList(findImageHostProblem).default([]),
  ALLOWED_PORTS: list.pipe(z.array(wholeNumber(1, 65_535))).default([]),
  MIN_THRESHOLD: decimalNumber(0, 1).default(0.2),
  MODELS_DIR: z.string().min(1).default('models'),
} as const;

const apiVariables = {
  ...sharedVariables,
  HOST: z.string().min(1).default('0.0.0.0'),
  PORT: wholeNumber(0, 65_535).default(8333),
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  METRICS_PORT: wholeNumber(0, 65_535).default(8335),
  SYNC_WAIT_TIMEOUT: decimalNumber(1, 600).default(60),
  NO_WORKER_GRACE_SECONDS: wholeNumber(1, 86_400).default(30),
  JOB_DEADLINE_SECONDS: wholeNumber(10, 604_800).default(3_600),
  MAX_QUEUE_DEPTH: wholeNumber(1, 10_000_000).default(10_000),
  MAX_TENANT_QUEUE_SHARE: decimalNumber(0.01, 1).default(0.5),
  MAX_BODY_BYTES: wholeNumber(1_024, 1_048_576).default(65_536),
  API_KEYS: keyList.default([]),
  ADMIN_API_KEYS: keyList.default([]),
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 10_000_000).default(0),
  CORS_ORIGINS: checkedList(findOriginProblem).default([]),
  WEBHOOK_URL: httpUrl.optional(),
  WEBHOOK_ON_SYNC: flag.default(false),
  DRAIN_SECONDS: decimalNumber(0, 120).default(0),
} as const;

const workerVariables = {
  ...sharedVariables,
  DNS_SERVERS: list.pipe(z.array(nameServer)).default([]),
  WORKER_HOST: z.string().min(1).default('0.0.0.0'),
  WORKER_PORT: wholeNumber(0, 65_535).default(8334),
  WORKER_CONCURRENCY: wholeNumber(1, 256).optional(),
  WORKER_SLOW_JOBS: wholeNumber(0, 1_000).default(64),
  IMAGE_MEMORY_MB: wholeNumber(16, 65_536).default(256),
  IMAGE_MIN_BYTES_PER_SECOND: wholeNumber(0, 10_485_760).default(4_096),
  VISION_PROCESSES: wholeNumber(1, 256).optional(),
  VISION_THREADS: wholeNumber(1, 64).default(1),
  VISION_MEMORY_MB: wholeNumber(256, 65_536).default(1_536),
  EXECUTION_PROVIDERS: listOf(['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu']).default(['cpu']),
  EXECUTION_PROVIDER_REQUIRED: flag.default(false),
  MAX_IMAGE_PIXELS: wholeNumber(10_000, 268_402_689).default(110_000_000),
  IMAGE_DECODE_TIMEOUT: decimalNumber(0.5, 120).default(10),
  IMAGE_FORMATS: listOf(['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff']).default(['jpeg', 'png', 'webp']),
  FACE_SELECTION: oneOf(['largest', 'central', 'single']).default('largest'),
  MIN_FACE_SIZE: wholeNumber(1, 10_000).default(20),
  MIN_FACE_QUALITY: decimalNumber(0, 1).default(0),
  FACE_RECOGNISABILITY: oneOf(['strict', 'standard', 'off']).default('standard'),
  DUPLICATE_IMAGE_POLICY: oneOf(['warn', 'reject']).default('warn'),
  COARSE_DETECTION: flag.default(true),
  REFERENCE_CACHE_SIZE: wholeNumber(0, 100_000).default(0),
  REFERENCE_CACHE_SECONDS: wholeNumber(1, 3_600).default(60),
  WEBHOOK_SHARED_SIGNATURE: flag.default(false),
  WEBHOOK_CONCURRENCY: wholeNumber(1, 1_000).default(50),
  WEBHOOK_TIMEOUT: decimalNumber(0.5, 60).default(10),
  WEBHOOK_CONCURRENCY_PER_HOST: wholeNumber(1, 1_000).default(8),
  MAX_KEPT_RESULTS: wholeNumber(1, 100_000_000).default(100_000),
  SHUTDOWN_TIMEOUT: decimalNumber(1, 600).default(30),
} as const;

type Shape = Readonly<Record<string, z.ZodType>>;
type Parsed<S extends Shape> = { readonly [Name in keyof S]: z.output<S[Name]> };
type InheritedValues = {
  readonly [Name in keyof typeof inherited]: z.output<(typeof inherited)[Name]['schema']>;
};

interface DerivedSettings {
  /** Which hosts and ports images and webhooks can use: ALLOWED_PRIVATE_HOSTS, ALLOWED_IMAGE_HOSTS, ALLOWED_PORTS. */
  readonly addressPolicy: AddressPolicy;
}

/** The API's settings; API_KEYS and ADMIN_API_KEYS already hashed. */
export type ApiConfig = Readonly<Parsed<typeof apiVariables> & InheritedValues & DerivedSettings>;

/** The worker's settings, with the numbers of processes and of jobs at a time resolved. */
export type WorkerConfig = Readonly<
  Omit<Parsed<typeof workerVariables>, 'WORKER_CONCURRENCY' | 'VISION_PROCESSES'> &
    InheritedValues &
    DerivedSettings & {
      WORKER_CONCURRENCY: number;
      VISION_PROCESSES: number;
      VISION_ENVIRONMENT: Readonly<Record<string, string>>;
    }
>;

export interface Loaded<T> {
  readonly config: T;
  readonly warnings: readonly ConfigWarning[];
}

/** Every variable that either program reads, for the check that .env.example explains each. */
export const ENVIRONMENT_NAMES: readonly string[] = [
  ...new Set([...Object.keys(inherited), ...Object.keys(apiVariables), ...Object.keys(workerVariables)]),
];

/**
 * Reads the API's settings.
 * @throws ConfigError listing every wrong new variable; wrong inherited ones only warn.
 */
export function loadApiConfig(env: Environment = process.env): Loaded<ApiConfig> {
  const { values, warnings } = readVariables(env, apiVariables);
  const config = { ...values, addressPolicy: readAddressPolicy(values) };
  checkWebhookUrl(config);
  return { config: Object.freeze(config), warnings };
}

/**
 * Reads the worker's settings. One vision process for each `VISION_THREADS` cores, of which a container's CPU quota may
 * leave less than the machine has, unless told otherwise, and two jobs at a time for each process, so that one downloads
 * while another is computed.
 * @throws ConfigError listing every wrong new variable; wrong inherited ones only warn.
 */
export function loadWorkerConfig(env: Environment = process.env): Loaded<WorkerConfig> {
  const { values, warnings } = readVariables(env, workerVariables);
  if (values.WEBHOOK_SHARED_SIGNATURE)
    warnings.push(
      'WEBHOOK_SHARED_SIGNATURE lets tenants forge webhooks to receivers that check with WEBHOOK_SECRETS',
    );
  const processes = values.VISION_PROCESSES ?? Math.max(1, Math.floor(cpuLimit() / values.VISION_THREADS));
  const config = {
    ...values,
    addressPolicy: readAddressPolicy(values),
    VISION_PROCESSES: processes,
    WORKER_CONCURRENCY: values.WORKER_CONCURRENCY ?? processes * 2,
    VISION_ENVIRONMENT: pick(env, PASSED_TO_VISION),
  };
  return { config: Object.freeze(config), warnings };
}

/**
 * Reads the one setting that the model commands need: where the packs lie. Other wrong variables don't stop them.
 * @throws ConfigError when it is set and names nothing.
 */
export function loadModelsDir(env: Environment = process.env): string {
  return readOne('MODELS_DIR', sharedVariables.MODELS_DIR, env);
}

/**
 * Reads the one setting that the command `webhook-secret` needs.
 * @throws ConfigError when it is wrong.
 */
export function loadWebhookSecrets(env: Environment = process.env): readonly string[] {
  return readOne('WEBHOOK_SECRETS', sharedVariables.WEBHOOK_SECRETS, env);
}

/** Returns the names of API_KEYS, each once, passing over wrong entries; empty where every caller is anonymous. */
export function loadKeyNames(env: Environment = process.env): readonly string[] {
  const { keys } = parseApiKeys(readSetting(env, 'API_KEYS', { problems: [], warnings: [] }) ?? '');
  return [...new Set(keys.map(({ name }) => name))];
}

/** What a vision process gets of our environment: how to find libraries and devices, and no secrets. */
const PASSED_TO_VISION = ['PATH', 'TMPDIR', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES'];

function pick(env: Environment, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** @throws ConfigError listing every problem. */
function readVariables<S extends typeof sharedVariables>(env: Environment, shape: S) {
  const findings: SettingFindings = { problems: [], warnings: [] };
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) values[name] = readNew(name, { schema, env, findings });
  const threshold = thresholdFrom(Number(values.MIN_THRESHOLD ?? 0));
  for (const [name, kind] of Object.entries({ ...inherited, FACE_MATCH_THRESHOLD: threshold }))
    values[name] = readInherited(name, { ...kind, env, findings });
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  // Each value above was produced by the schema of its own name.
  return { values: values as Parsed<S> & InheritedValues, warnings: findings.warnings };
}

function readAddressPolicy(values: Parsed<typeof sharedVariables>): AddressPolicy {
  return createAddressPolicy({
    allowedPrivateHosts: values.ALLOWED_PRIVATE_HOSTS,
    allowedImageHosts: values.ALLOWED_IMAGE_HOSTS,
    allowedPorts: values.ALLOWED_PORTS,
  });
}

type WebhookSettings = Pick<ApiConfig, 'WEBHOOK_URL' | 'WEBHOOK_SECRETS' | 'addressPolicy'>;

/** @throws ConfigError when nothing signs what goes to WEBHOOK_URL, or the address policy forbids it. */
function checkWebhookUrl(settings: WebhookSettings): void {
  if (settings.WEBHOOK_URL === undefined) return;
  if (settings.WEBHOOK_SECRETS.length === 0)
    throw new ConfigError(['WEBHOOK_URL: needs WEBHOOK_SECRETS, because every webhook is signed']);
  try {
    checkUrl(settings.WEBHOOK_URL, settings.addressPolicy, 'callback');
  } catch (error) {
    throw new ConfigError([`WEBHOOK_URL: ${toVerificationError(error).message}`]);
  }
}

/** @throws ConfigError when this setting is wrong. */
function readOne<T extends z.ZodType>(name: string, schema: T, env: Environment): z.output<T> {
  const findings: SettingFindings = { problems: [], warnings: [] };
  const value = readNew(name, { schema, env, findings });
  if (findings.problems.length > 0 || value === undefined) throw new ConfigError(findings.problems);
  return value;
}
