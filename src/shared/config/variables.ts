import { z } from 'zod';
import { findImageHostProblem, findPrivateHostProblem } from '../net/address-policy.js';
import { findNat64Problem } from '../net/nat64.js';
import { findUploadKeyProblem } from '../uploads/photo-cipher.js';
import { findWebhookSecretProblem } from '../webhooks/webhook-secret.js';
import { decimalNumber, wholeNumber } from './number-text.js';
import {
  checkedList,
  flag,
  hostHeaders,
  httpUrl,
  keyList,
  list,
  listOf,
  nameServer,
  oneOf,
  originList,
  receiptKeyList,
  redisUrl,
  samplePhotos,
} from './setting-schemas.js';

/** Default threshold, safe with every pack, unless the operator sets a higher minimum. */
const SAFE_THRESHOLD = 0.5;
/** Marks a setting that holds a secret, or names a file of secrets. */
const secret = <T extends z.ZodType>(schema: T) => schema.meta({ secret: true });
const thresholdAbove = (floor: number) =>
  decimalNumber(floor, 1).refine((threshold) => threshold > 0, 'must be above 0, or strangers match');
/** Returns how FACE_MATCH_THRESHOLD is read when MIN_THRESHOLD is `floor`. */
export const thresholdFrom = (floor: number) => ({
  schema: thresholdAbove(floor),
  fallback: Math.max(SAFE_THRESHOLD, floor),
});

/** The names of the Python service: a wrong value falls back to the default, with a warning. */
export const inherited = {
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

export const sharedVariables = {
  REDIS_URL: secret(redisUrl.prefault('redis://127.0.0.1:6379')),
  REDIS_PREFIX: z
    .string()
    .regex(/^\{[A-Za-z0-9_-]{1,40}\}$/, 'must be a name in braces, like {face}')
    .default('{face}'),
  LOG_FORMAT: oneOf(['auto', 'json', 'text']).default('auto'),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  LOG_USER_ID: flag.default(false),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  JOB_RETENTION_SECONDS: wholeNumber(60, 2_592_000).default(86_400),
  WEBHOOK_SECRETS: secret(checkedList(findWebhookSecretProblem).default([])),
  TENANTS_FILE: secret(z.string().min(1).optional()),
  UPLOAD_KEYS: secret(checkedList(findUploadKeyProblem).default([])),
  ALLOWED_PRIVATE_HOSTS: checkedList(findPrivateHostProblem).default([]),
  ALLOWED_IMAGE_HOSTS: checkedList(findImageHostProblem).default([]),
  ALLOWED_PORTS: list.pipe(z.array(wholeNumber(1, 65_535))).default([]),
  NAT64_PREFIXES: checkedList(findNat64Problem).default([]),
  MIN_THRESHOLD: decimalNumber(0, 1).default(0.2),
  MODELS_DIR: z.string().min(1).default('models'),
} as const;

export const apiVariables = {
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
  MAX_INLINE_BYTES: wholeNumber(1_024, 16_777_216).default(2_097_152),
  UPLOAD_MEMORY_LIMIT: wholeNumber(1_048_576, 1_099_511_627_776).default(268_435_456),
  MAX_BATCH_BYTES: wholeNumber(1_024, 268_435_456).default(33_554_432),
  API_KEYS: secret(keyList.default([])),
  ADMIN_API_KEYS: secret(keyList.default([])),
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 10_000_000).default(0),
  CORS_ORIGINS: originList.default([]),
  DEMO_PHOTOS: samplePhotos.default([]),
  WEBHOOK_URL: httpUrl.optional(),
  WEBHOOK_ON_SYNC: flag.default(false),
  RECEIPT_KEYS: secret(
    receiptKeyList.transform((keys) => keys.map(({ published }) => published)).default([]),
  ),
  DRAIN_SECONDS: decimalNumber(0, 120).default(0),
} as const;

export const workerVariables = {
  ...sharedVariables,
  DNS_SERVERS: list.pipe(z.array(nameServer)).default([]),
  USER_AGENT: z
    .string()
    .regex(/^[!-~](?:[ -~]{0,198}[!-~])?$/, 'must be 1 to 200 ASCII characters without control characters')
    .default('face-verification-service'),
  IMAGE_HOST_HEADERS: secret(hostHeaders.optional()),
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
  EARLY_DECISION: flag.default(true),
  COARSE_DETECTION: flag.default(true),
  REFERENCE_CACHE_SIZE: wholeNumber(0, 100_000).default(0),
  REFERENCE_CACHE_SECONDS: wholeNumber(1, 3_600).default(60),
  RECEIPT_KEYS: secret(receiptKeyList.default([])),
  RECEIPT_HASH_USER_ID: flag.default(false),
  WEBHOOK_SHARED_SIGNATURE: flag.default(false),
  WEBHOOK_CONCURRENCY: wholeNumber(1, 1_000).default(50),
  WEBHOOK_TIMEOUT: decimalNumber(0.5, 60).default(10),
  WEBHOOK_CONCURRENCY_PER_HOST: wholeNumber(1, 1_000).default(8),
  MAX_KEPT_RESULTS: wholeNumber(1, 100_000_000).default(100_000),
  SHUTDOWN_TIMEOUT: decimalNumber(1, 600).default(30),
  SHADOW_MODEL: z.string().min(1).optional(),
  SHADOW_SHARE: decimalNumber(0, 1).default(0.05),
  SHADOW_OF: z.string().min(1).optional(),
  SHADOW_THRESHOLD: thresholdAbove(0).optional(),
} as const;

/** What the command `face-verify` reads. */
export const clientVariables = {
  FACE_VERIFY_URL: httpUrl.optional(),
  FACE_VERIFY_API_KEY: secret(z.string().optional()),
} as const;

type Shape = Readonly<Record<string, z.ZodType>>;
/** The values of variables. */
export type Parsed<S extends Shape> = { readonly [Name in keyof S]: z.output<S[Name]> };
export type InheritedValues = {
  readonly [Name in keyof typeof inherited]: z.output<(typeof inherited)[Name]['schema']>;
};
