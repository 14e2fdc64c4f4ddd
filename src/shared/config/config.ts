import type { z } from 'zod';
import { toVerificationError } from '../errors.js';
import { packFolder } from '../models/model-catalogue.js';
import { type AddressPolicy, checkUrl, createAddressPolicy } from '../net/address-policy.js';
import { findUnusedHosts } from '../net/host-headers.js';
import { findSigningKey, type ReceiptKey } from '../receipts/receipt-keys.js';
import { readText } from '../runtime/read-text.js';
import { readTenants, type TenantBounds } from '../tenants/read-tenants.js';
import type { Tenants } from '../tenants/tenant.js';
import { parseApiKeys } from './api-keys.js';
import { cpuLimit } from './cpu-limit.js';
import { type Environment, noFindings, readInherited, readNew, readSetting } from './read-setting.js';
import { findSettingFiles, type SettingFiles } from './setting-files.js';
import {
  apiVariables,
  clientVariables,
  type InheritedValues,
  inherited,
  type Parsed,
  sharedVariables,
  thresholdFrom,
  workerVariables,
} from './variables.js';

/** A sentence about a setting that is doubtful or was replaced by its default. */
export type ConfigWarning = string;

/** Lists every wrong new variable. The process must not start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Wrong configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** The API's settings; API_KEYS and ADMIN_API_KEYS already hashed, RECEIPT_KEYS without their private halves. */
export interface ApiConfig extends Parsed<typeof apiVariables>, InheritedValues, TenantConfig {
  readonly addressPolicy: AddressPolicy;
}

/** What TENANTS_FILE says. */
export interface TenantConfig {
  /** Undefined without a file. */
  readonly tenants: Tenants | undefined;
}

type WorkerValues = Parsed<typeof workerVariables> & InheritedValues;

/** The worker's settings, with the numbers of processes and of jobs at a time resolved. */
export interface WorkerConfig
  extends Omit<WorkerValues, 'WORKER_CONCURRENCY' | 'VISION_PROCESSES'>,
    TenantConfig {
  readonly WORKER_CONCURRENCY: number;
  readonly VISION_PROCESSES: number;
  readonly addressPolicy: AddressPolicy;
  /** Options of the vision pool. */
  readonly vision: ReturnType<typeof visionOptions>;
}

export interface Loaded<T> {
  readonly config: T;
  /** Doubtful settings, including fallbacks. */
  readonly warnings: readonly ConfigWarning[];
  /** Wrong values of the Python service's variables and what replaced them; no secret and no address. */
  readonly fallbacks: readonly ConfigWarning[];
  /** The files whose changes apply without a restart, as they were read. */
  readonly files: SettingFiles;
}

/** Every variable that any program reads, for the check that .env.example explains each. */
export const ENVIRONMENT_NAMES: readonly string[] = [
  ...new Set(
    [inherited, apiVariables, workerVariables, clientVariables].flatMap((shape) => Object.keys(shape)),
  ),
];

/**
 * Reads the API's settings.
 * @throws ConfigError listing every wrong new variable; wrong inherited ones only warn.
 */
export function loadApiConfig(env: Environment = process.env): Loaded<ApiConfig> {
  const files = findSettingFiles(env, apiVariables);
  const { values, ...findings } = readVariables(env, apiVariables);
  const rules = { ...values, addressPolicy: readAddressPolicy(values) };
  const config = { ...rules, tenants: readTenantsFile(rules) };
  checkWebhookUrl(config);
  checkUploadMemory(config);
  if (config.RECEIPT_KEYS.length > 0 && findSigningKey(loadReceiptKeys(env)))
    findings.warnings.push(
      'RECEIPT_KEYS has a private key (d), which the API does not use; give it the output of: npm run -s receipt-key -- --public',
    );
  return { config: Object.freeze(config), files, ...findings };
}

/**
 * Reads the worker's settings. By default there is one vision process for each `VISION_THREADS` cores that the CPU quota of
 * the container allows, and two jobs at a time for each process, so that one downloads while another is computed.
 * @throws ConfigError listing every wrong new variable; wrong inherited ones only warn.
 */
export function loadWorkerConfig(env: Environment = process.env): Loaded<WorkerConfig> {
  const files = findSettingFiles(env, workerVariables);
  const { values, fallbacks, warnings } = readVariables(env, workerVariables);
  if (values.WEBHOOK_SHARED_SIGNATURE)
    warnings.push(
      'WEBHOOK_SHARED_SIGNATURE lets tenants forge webhooks to receivers that check with WEBHOOK_SECRETS',
    );
  const addressPolicy = readAddressPolicy(values);
  const unused = findUnusedHosts(values.IMAGE_HOST_HEADERS ?? new Map(), addressPolicy);
  if (unused.length > 0) throw new ConfigError(unused.map((problem) => `IMAGE_HOST_HEADERS: ${problem}`));
  if (values.RECEIPT_KEYS.length > 0 && !findSigningKey(values.RECEIPT_KEYS))
    throw new ConfigError([
      'RECEIPT_KEYS: has only public keys; a worker needs a private one (d) to sign with',
    ]);
  const processes = values.VISION_PROCESSES ?? Math.max(1, Math.floor(cpuLimit() / values.VISION_THREADS));
  const config = {
    ...values,
    addressPolicy,
    tenants: readTenantsFile({ ...values, addressPolicy }),
    VISION_PROCESSES: processes,
    WORKER_CONCURRENCY: values.WORKER_CONCURRENCY ?? processes * 2,
    vision: visionOptions(values, processes, env),
  };
  return { config: Object.freeze(config), files, fallbacks, warnings };
}

/**
 * Reads the only setting that the model commands need: the folder of the packs. Other wrong variables do not matter.
 * @throws ConfigError if it is set but blank.
 */
export function loadModelsDir(env: Environment = process.env): string {
  return readOne('MODELS_DIR', sharedVariables.MODELS_DIR, env);
}

/**
 * Reads the only setting that the command `webhook-secret` needs.
 * @throws ConfigError if it is wrong.
 */
export function loadWebhookSecrets(env: Environment = process.env): readonly string[] {
  return readOne('WEBHOOK_SECRETS', sharedVariables.WEBHOOK_SECRETS, env);
}

/**
 * Reads the only setting that the command `receipt-key` needs.
 * @throws ConfigError if it is wrong.
 */
export function loadReceiptKeys(env: Environment = process.env): readonly ReceiptKey[] {
  return readOne('RECEIPT_KEYS', workerVariables.RECEIPT_KEYS, env);
}

/** Where and how the command `face-verify` calls the service. */
export interface ClientSettings {
  readonly url: string;
  readonly apiKey: string | undefined;
}

/**
 * Reads what the command `face-verify` needs. By default it calls the API of this machine, at PORT.
 * @throws ConfigError if FACE_VERIFY_URL or FACE_VERIFY_API_KEY is wrong.
 */
export function loadClientSettings(env: Environment = process.env): ClientSettings {
  const findings = noFindings();
  const url = readNew('FACE_VERIFY_URL', { schema: clientVariables.FACE_VERIFY_URL, env, findings });
  const apiKey = readNew('FACE_VERIFY_API_KEY', {
    schema: clientVariables.FACE_VERIFY_API_KEY,
    env,
    findings,
  });
  const port = readNew('PORT', { schema: apiVariables.PORT, env, findings: noFindings() });
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  return { url: url ?? `http://127.0.0.1:${port || 8333}`, apiKey };
}

/** Returns each name in API_KEYS and TENANTS_FILE once and skips wrong entries. Empty if every caller is anonymous. */
export function loadKeyNames(env: Environment = process.env): readonly string[] {
  const { keys } = parseApiKeys(readSetting(env, 'API_KEYS', noFindings()) ?? '');
  return [...new Set([...keys.map(({ name }) => name), ...loadTenants(env).keys()])];
}

/** Returns the tenants of TENANTS_FILE, for commands that need no other setting; skips wrong entries. */
export function loadTenants(env: Environment = process.env): Tenants {
  const text = readText(env.TENANTS_FILE || '');
  if (text === undefined) return new Map();
  const bounds = { MIN_THRESHOLD: 0, JOB_RETENTION_SECONDS: Number.POSITIVE_INFINITY, WEBHOOK_SECRETS: [] };
  const addressPolicy = createAddressPolicy({
    allowedPrivateHosts: [],
    allowedImageHosts: [],
    allowedPorts: [],
  });
  return readTenants(text, { ...bounds, addressPolicy }).tenants;
}

/** The variables that a vision process inherits, to find libraries and devices. None holds a secret. */
const PASSED_TO_VISION = ['PATH', 'TMPDIR', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES'];

function pick(env: Environment, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

const MEBIBYTE = 1_048_576;
/** Photos of the largest size that must fit into UPLOAD_MEMORY_LIMIT: those of one request, with its other parts. */
const PHOTOS_IN_MEMORY = 5;

function visionOptions(values: WorkerValues, processes: number, env: Environment) {
  const memoryLimitBytes = values.VISION_MEMORY_MB * MEBIBYTE;
  const settings = {
    packFolder: packFolder(values.MODELS_DIR, values.INSIGHTFACE_MODEL),
    detectionSize: values.DETECTION_SIZE,
    coarseDetection: values.COARSE_DETECTION,
    faceSelection: values.FACE_SELECTION,
    minFaceSizePx: values.MIN_FACE_SIZE,
    minFaceQuality: values.MIN_FACE_QUALITY,
    recognisability: values.FACE_RECOGNISABILITY,
    maxImagePixels: values.MAX_IMAGE_PIXELS,
    // The other half is for the models and the steps after decoding, so that no photo exhausts a process's memory.
    maxDecodeBytes: memoryLimitBytes / 2,
    imageFormats: values.IMAGE_FORMATS,
    intraOpThreads: values.VISION_THREADS,
    executionProviders: values.EXECUTION_PROVIDERS,
    executionProviderRequired: values.EXECUTION_PROVIDER_REQUIRED,
  };
  return { settings, processes, memoryLimitBytes, environment: pick(env, PASSED_TO_VISION) } as const;
}

/** @throws ConfigError listing every problem. */
function readVariables<S extends typeof sharedVariables>(env: Environment, shape: S) {
  const findings = noFindings();
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) values[name] = readNew(name, { schema, env, findings });
  const threshold = thresholdFrom(Number(values.MIN_THRESHOLD ?? 0));
  for (const [name, kind] of Object.entries({ ...inherited, FACE_MATCH_THRESHOLD: threshold }))
    values[name] = readInherited(name, { ...kind, env, findings });
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  // Each value above was produced by the schema of its own name.
  const { fallbacks, warnings } = findings;
  return { values: values as Parsed<S> & InheritedValues, fallbacks, warnings: [...fallbacks, ...warnings] };
}

function readAddressPolicy(values: Parsed<typeof sharedVariables>): AddressPolicy {
  return createAddressPolicy({
    allowedPrivateHosts: values.ALLOWED_PRIVATE_HOSTS,
    allowedImageHosts: values.ALLOWED_IMAGE_HOSTS,
    allowedPorts: values.ALLOWED_PORTS,
    nat64Prefixes: values.NAT64_PREFIXES,
  });
}

/** @throws ConfigError that lists every problem of the file, by tenant and field. */
function readTenantsFile(values: TenantBounds & { readonly TENANTS_FILE?: string | undefined }) {
  if (values.TENANTS_FILE === undefined) return undefined;
  const text = readText(values.TENANTS_FILE);
  if (text === undefined) throw new ConfigError(['TENANTS_FILE: the file cannot be read']);
  const { tenants, problems } = readTenants(text, values);
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `TENANTS_FILE: ${problem}`));
  return tenants;
}

type WebhookSettings = Pick<ApiConfig, 'WEBHOOK_URL' | 'WEBHOOK_SECRETS' | 'addressPolicy'>;

/** @throws ConfigError if there is no secret to sign webhooks to WEBHOOK_URL, or if the address policy forbids it. */
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

/** @throws ConfigError if uploads are accepted and the largest request can never fit into their memory. */
function checkUploadMemory(settings: ApiConfig): void {
  const { UPLOAD_KEYS: keys, UPLOAD_MEMORY_LIMIT: limit, MAX_IMAGE_BYTES: maxImageBytes } = settings;
  if (keys.length === 0 || limit >= PHOTOS_IN_MEMORY * maxImageBytes) return;
  throw new ConfigError([
    `UPLOAD_MEMORY_LIMIT: must be at least ${PHOTOS_IN_MEMORY} times MAX_IMAGE_BYTES, so that every request fits`,
  ]);
}

/** @throws ConfigError if this setting is wrong. */
function readOne<T extends z.ZodType>(name: string, schema: T, env: Environment): z.output<T> {
  const findings = noFindings();
  const value = readNew(name, { schema, env, findings });
  if (findings.problems.length > 0 || value === undefined) throw new ConfigError(findings.problems);
  return value;
}
