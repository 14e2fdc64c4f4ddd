import { readFileSync } from 'node:fs';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { findImageHostProblem, findPrivateHostProblem } from './address-policy.js';
import { type ApiKey, parseApiKeys } from './api-keys.js';
import { cpuLimit } from './cpu-limit.js';
import { parseRedisUrl } from './redis-url.js';
import { findWebhookSecretProblem } from './webhook-secret.js';

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

type Environment = Readonly<Record<string, string | undefined>>;

const flag = z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] });
const integer = (min: number, max: number) => z.coerce.number().pipe(z.int().min(min).max(max));
const decimal = (min: number, max: number) => z.coerce.number().pipe(z.number().min(min).max(max));
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values);
const listOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  list.pipe(z.array(z.enum(values)).min(1));
const checkedList = (findProblem: (entry: string) => string | undefined) =>
  list.superRefine((entries, context) => {
    for (const entry of entries) {
      const problem = findProblem(entry);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    }
  });
const nameServer = z
  .string()
  .refine(isNameServer, 'must be an address like 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:53');
const httpUrl = z.url({ protocol: /^https?$/ });
const redisUrl = z
  .string()
  .refine((url) => parseRedisUrl(url) !== undefined, 'must look like redis://host:6379');

/** The names of the Python service: a wrong value falls back to the default, with a warning. */
const inherited = {
  INSIGHTFACE_MODEL: { schema: z.string().min(1), fallback: 'buffalo_l' },
  DETECTION_SIZE: {
    schema: integer(64, 2048).refine((size) => size % 32 === 0, 'must be a multiple of 32'),
    fallback: 640,
  },
  FACE_MATCH_THRESHOLD: { schema: decimal(0, 1), fallback: 0.5 },
  FACE_MATCH_MIN_MATCHES: {
    schema: z.coerce.number().pipe(z.union([z.literal(2), z.literal(3)])),
    fallback: 2 as const,
  },
  IMAGE_DOWNLOAD_TIMEOUT: { schema: decimal(0.1, 600), fallback: 15 },
  MAX_IMAGE_BYTES: { schema: integer(1024, 268_435_456), fallback: 10_485_760 },
} as const;

const sharedVariables = {
  REDIS_URL: redisUrl.default('redis://127.0.0.1:6379'),
  REDIS_PREFIX: z
    .string()
    .regex(/^\{[A-Za-z0-9_-]{1,40}\}$/, 'must be a name in braces, like {face}')
    .default('{face}'),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  LOG_USER_ID: flag.default(false),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  JOB_RETENTION_SECONDS: integer(60, 2_592_000).default(86_400),
  WEBHOOK_SECRETS: checkedList(findWebhookSecretProblem).default([]),
  ALLOWED_PRIVATE_HOSTS: checkedList(findPrivateHostProblem).default([]),
  ALLOWED_IMAGE_HOSTS: checkedList(findImageHostProblem).default([]),
  ALLOWED_PORTS: list
    .pipe(z.array(z.string().transform(Number).pipe(z.int().min(1).max(65_535))))
    .default([]),
  MODELS_DIR: z.string().min(1).default('models'),
} as const;

const apiVariables = {
  ...sharedVariables,
  HOST: z.string().min(1).default('0.0.0.0'),
  PORT: integer(0, 65_535).default(8333),
  SYNC_WAIT_TIMEOUT: decimal(1, 600).default(60),
  JOB_DEADLINE_SECONDS: integer(10, 604_800).default(3_600),
  MAX_QUEUE_DEPTH: integer(1, 10_000_000).default(10_000),
  MAX_TENANT_QUEUE_SHARE: decimal(0.01, 1).default(0.5),
  MAX_BODY_BYTES: integer(1_024, 1_048_576).default(65_536),
  API_KEYS: z.string().default(''),
  ADMIN_API_KEYS: z.string().default(''),
  RATE_LIMIT_PER_MINUTE: integer(0, 10_000_000).default(0),
  CORS_ORIGINS: list.default([]),
  WEBHOOK_URL: httpUrl.optional(),
  WEBHOOK_ON_SYNC: flag.default(false),
  DRAIN_SECONDS: decimal(0, 120).default(0),
} as const;

const workerVariables = {
  ...sharedVariables,
  DNS_SERVERS: list.pipe(z.array(nameServer)).default([]),
  WORKER_HOST: z.string().min(1).default('0.0.0.0'),
  WORKER_PORT: integer(0, 65_535).default(8334),
  WORKER_CONCURRENCY: integer(1, 256).optional(),
  VISION_PROCESSES: integer(1, 256).optional(),
  VISION_THREADS: integer(1, 64).default(1),
  VISION_MEMORY_MB: integer(256, 65_536).default(1_536),
  EXECUTION_PROVIDERS: listOf(['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu']).default(['cpu']),
  EXECUTION_PROVIDER_REQUIRED: flag.default(false),
  MAX_IMAGE_PIXELS: integer(10_000, 268_402_689).default(50_000_000),
  IMAGE_DECODE_TIMEOUT: decimal(0.5, 120).default(10),
  IMAGE_FORMATS: listOf(['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff']).default(['jpeg', 'png', 'webp']),
  FACE_SELECTION: oneOf(['largest', 'central', 'single']).default('largest'),
  MIN_FACE_SIZE: integer(1, 10_000).default(20),
  MIN_FACE_QUALITY: decimal(0, 1).default(0),
  DUPLICATE_IMAGE_POLICY: oneOf(['warn', 'reject']).default('warn'),
  COARSE_DETECTION: flag.default(true),
  REFERENCE_CACHE_SIZE: integer(0, 100_000).default(0),
  REFERENCE_CACHE_SECONDS: integer(1, 3_600).default(60),
  WEBHOOK_SHARED_SIGNATURE: flag.default(false),
  WEBHOOK_CONCURRENCY: integer(1, 1_000).default(50),
  WEBHOOK_TIMEOUT: decimal(0.5, 60).default(10),
  WEBHOOK_CONCURRENCY_PER_HOST: integer(1, 1_000).default(8),
  SHUTDOWN_TIMEOUT: decimal(1, 600).default(30),
} as const;

type Shape = Readonly<Record<string, z.ZodType>>;
type Parsed<S extends Shape> = { readonly [Name in keyof S]: z.output<S[Name]> };
type InheritedValues = {
  readonly [Name in keyof typeof inherited]: z.output<(typeof inherited)[Name]['schema']>;
};

/** The API's settings; API_KEYS and ADMIN_API_KEYS already hashed. */
export type ApiConfig = Readonly<
  Omit<Parsed<typeof apiVariables>, 'API_KEYS' | 'ADMIN_API_KEYS'> &
    InheritedValues & { API_KEYS: readonly ApiKey[]; ADMIN_API_KEYS: readonly ApiKey[] }
>;

/** The worker's settings, with the numbers of processes and of jobs at a time resolved. */
export type WorkerConfig = Readonly<
  Omit<Parsed<typeof workerVariables>, 'WORKER_CONCURRENCY' | 'VISION_PROCESSES'> &
    InheritedValues & {
      WORKER_CONCURRENCY: number;
      VISION_PROCESSES: number;
      VISION_ENVIRONMENT: Readonly<Record<string, string>>;
    }
>;

export interface Loaded<T> {
  readonly config: T;
  readonly warnings: readonly ConfigWarning[];
}

/** Every variable either program reads, for the check that .env.example explains each. */
export const ENVIRONMENT_NAMES: readonly string[] = [
  ...new Set([...Object.keys(inherited), ...Object.keys(apiVariables), ...Object.keys(workerVariables)]),
];

/**
 * Reads the API's settings.
 * @throws ConfigError listing every wrong new variable; wrong inherited ones only warn.
 */
export function loadApiConfig(env: Environment = process.env): Loaded<ApiConfig> {
  const { values, warnings, problems } = readVariables(env, apiVariables);
  const keys = (name: 'API_KEYS' | 'ADMIN_API_KEYS'): readonly ApiKey[] => {
    const parsed = parseApiKeys(values[name] ?? '');
    problems.push(...parsed.problems.map((problem) => `${name}: ${problem}`));
    return parsed.keys;
  };
  const config = { ...values, API_KEYS: keys('API_KEYS'), ADMIN_API_KEYS: keys('ADMIN_API_KEYS') };
  if (problems.length > 0) throw new ConfigError(problems);
  return { config: Object.freeze(config), warnings };
}

/**
 * Reads the worker's settings. One vision process for each `VISION_THREADS` cores, of which a container's CPU quota may
 * leave less than the machine has, unless told otherwise, and two jobs at a time for each process, so that one downloads
 * while another is computed.
 * @throws ConfigError listing every wrong new variable; wrong inherited ones only warn.
 */
export function loadWorkerConfig(env: Environment = process.env): Loaded<WorkerConfig> {
  const { values, warnings, problems } = readVariables(env, workerVariables);
  if (problems.length > 0) throw new ConfigError(problems);
  if (values.WEBHOOK_SHARED_SIGNATURE)
    warnings.push(
      'WEBHOOK_SHARED_SIGNATURE lets tenants forge webhooks to receivers that check with WEBHOOK_SECRETS',
    );
  const processes = values.VISION_PROCESSES ?? Math.max(1, Math.floor(cpuLimit() / values.VISION_THREADS));
  const config = {
    ...values,
    VISION_PROCESSES: processes,
    WORKER_CONCURRENCY: values.WORKER_CONCURRENCY ?? processes * 2,
    VISION_ENVIRONMENT: pick(env, PASSED_TO_VISION),
  };
  return { config: Object.freeze(config), warnings };
}

function isNameServer(entry: string): boolean {
  if (isIP(entry) !== 0) return true;
  const [, six, four, port] = /^(?:\[(.+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  return (isIPv6(six ?? '') || isIPv4(four ?? '')) && Number(port ?? 53) <= 65_535;
}

/** Reads the one setting that the model commands need: where the packs lie. Other wrong variables don't stop them. */
export function loadModelsDir(env: Environment = process.env): string {
  return readText(env, 'MODELS_DIR', []) ?? 'models';
}

/**
 * Reads the one setting that the command `webhook-secret` needs.
 * @throws ConfigError when it is wrong.
 */
export function loadWebhookSecrets(env: Environment = process.env): readonly string[] {
  const problems: string[] = [];
  const parsed = sharedVariables.WEBHOOK_SECRETS.safeParse(readText(env, 'WEBHOOK_SECRETS', problems));
  if (!parsed.success) problems.push(`WEBHOOK_SECRETS: ${messagesOf(parsed.error)}`);
  if (problems.length > 0) throw new ConfigError(problems);
  return parsed.data ?? [];
}

/** Returns the names of API_KEYS, each once, passing over wrong entries; empty where every caller is anonymous. */
export function loadKeyNames(env: Environment = process.env): readonly string[] {
  const { keys } = parseApiKeys(readText(env, 'API_KEYS', []) ?? '');
  return [...new Set(keys.map(({ name }) => name))];
}

/** What a vision process gets of our environment: how to find libraries and devices, and no secrets. */
const PASSED_TO_VISION = ['PATH', 'TMPDIR', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES'];

function pick(env: Environment, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

function readVariables<S extends Shape>(env: Environment, shape: S) {
  const problems: string[] = [];
  const warnings: ConfigWarning[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, fallback }] of Object.entries(inherited)) {
    const text = readText(env, name, problems);
    const parsed = schema.safeParse(text ?? fallback);
    values[name] = parsed.success ? parsed.data : fallback;
    if (!parsed.success) warnings.push(`${name} has a wrong value; using ${fallback}`);
  }
  for (const [name, schema] of Object.entries(shape)) {
    const parsed = schema.safeParse(readText(env, name, problems));
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name}: ${messagesOf(parsed.error)}`);
  }
  // Each value above was produced by the schema of its own name.
  return { values: values as Parsed<S> & InheritedValues, warnings, problems };
}

function messagesOf(error: z.ZodError): string {
  return error.issues.map((issue) => issue.message).join('; ');
}

/** The variable's text, or the content of the file that `<NAME>_FILE` names; an empty text counts as unset. */
function readText(env: Environment, name: string, problems: string[]): string | undefined {
  const direct = env[name]?.trim();
  if (direct) return direct;
  const path = env[`${name}_FILE`]?.trim();
  if (!path) return undefined;
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    problems.push(`${name}_FILE: the file cannot be read`);
    return undefined;
  }
}
