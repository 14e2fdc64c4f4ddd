import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ANONYMOUS } from '../shared/config/api-keys.js';
import { loadApiConfig, loadKeyNames, loadTenants } from '../shared/config/config.js';
import { environmentFor } from '../shared/config/program-environment.js';
import { describeThreshold } from '../shared/models/calibration.js';
import { readManifest } from '../shared/models/model-catalogue.js';
import { formatLogLine } from '../shared/runtime/format-log-line.js';
import { tenantWebhookSecret } from '../shared/webhooks/webhook-secret.js';
import { canFetchLoopback, checkSettings } from './start/check-settings.js';
import { type EnvFile, renderGreeting } from './start/greeting.js';
import { keepReceiptKeys, keepWebhookSecret } from './start/kept-secrets.js';
import { openPhotoFolder } from './start/photos/photo-folder.js';
import {
  listPhotoUrls,
  type PhotoSource,
  type ServedPhotos,
  startPhotoServer,
} from './start/photos/photo-server.js';
import { openSamplePhotos } from './start/photos/sample-photos.js';
import { claimPort, freePort, freePortNear } from './start/ports.js';
import { describeLocalRedis } from './start/redis/local-redis.js';
import { untilRedisAnswers } from './start/redis/until-redis-answers.js';
import { isLoopback, readSettings, type StartSettings } from './start/settings.js';
import { onStopRequest, type StopRequestOptions } from './start/stop-requests.js';
import { createSupervisor, type Supervisor } from './start/supervisor.js';
import { untilPortAnswers, untilUrlAnswers } from './start/until-ready.js';
import { withUploadKey } from './start/upload-key.js';
import { isWorthShowingEarly } from './start/worth-showing-early.js';
import { UserError } from './user-error.js';

export interface StartOptions extends StopRequestOptions {
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** The variables from a .env file, if one exists. */
  readonly envFile: EnvFile | undefined;
  /** The Redis or Valkey server binary; undefined if REDIS_URL is set. */
  readonly redis: string | undefined;
  /** Runs a step of the start and prints its duration. */
  readonly showStep: <T>(label: string, work: () => Promise<T>) => Promise<T>;
  /** Time of the command, ms since 1970. */
  readonly startedAt: number;
}

/** A start with a known port. */
interface Run extends StartOptions {
  readonly settings: StartSettings;
  readonly supervisor: Supervisor;
  /** Complete except for REDIS_URL. */
  readonly environment: NodeJS.ProcessEnv;
  /** For the data of this run. Named after the API's port, so that two services of one checkout do not share it. */
  readonly folder: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Slightly more than the programs' own limit (SHUTDOWN_TIMEOUT), ms. */
const GRACE_MS = 35_000;
/** Preferred ports of the worker's health page and the API's metrics. If one is not free, another is used. */
const WORKER_PORT = 8334;
const METRICS_PORT = 8335;

/**
 * Runs the API, a worker and, unless REDIS_URL is set, a Redis. The first signal stops all of them and this process; the
 * second one kills them.
 * @throws UserError if the service cannot start. Everything that had started has then been stopped.
 */
export async function startService(options: StartOptions): Promise<void> {
  const settings = readSettings(options.args, options.environment, join(ROOT, 'models'));
  const warnings = checkSettings(settings.environment, options.envFile);
  const photos = choosePhotos(settings);
  const port = await claimPort(settings.host, settings.port);
  const folder = join(ROOT, '.redis', String(port));
  const webhookSecret = settings.needsWebhookSecret ? keepWebhookSecret(folder) : undefined;
  const environment: NodeJS.ProcessEnv = {
    ...withUploadKey(settings.environment),
    PORT: String(port),
    ...(webhookSecret ? { WEBHOOK_SECRETS: webhookSecret } : {}),
    ...(settings.needsReceiptKeys ? { RECEIPT_KEYS: keepReceiptKeys(folder) } : {}),
  };
  const supervisor = superviseUntilAsked(options);
  const origin = originOf(settings.host, port);
  let served: ServedPhotos | undefined;
  try {
    served = photos && { ...photos, origin: await startPhotoServer(photos) };
    const demo = served && settings.needsDemoPhotos ? { DEMO_PHOTOS: listPhotoUrls(served) } : {};
    const given = { ...environment, ...demo };
    await startPrograms({ ...options, settings, supervisor, environment: given, folder }, origin);
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  supervisor.settle();
  console.log(
    renderGreeting({
      origin,
      warnings,
      model: environment.INSIGHTFACE_MODEL ?? '',
      threshold: explainThreshold(environment),
      seconds: (Date.now() - options.startedAt) / 1_000,
      envFile: options.envFile,
      keyNames: loadKeyNames(environment),
      onLoopback: isLoopback(settings.host),
      webhookSecrets: webhookSecret ? secretsByTenant(webhookSecret, environment) : new Map(),
      photos: served,
    }),
  );
}

function explainThreshold(environment: NodeJS.ProcessEnv): string {
  const { MODELS_DIR, INSIGHTFACE_MODEL, FACE_MATCH_THRESHOLD } = loadApiConfig(environment).config;
  const manifest = readManifest(MODELS_DIR, INSIGHTFACE_MODEL);
  return describeThreshold(manifest?.calibration ?? null, FACE_MATCH_THRESHOLD);
}

/** Returns the photos to serve; undefined if the service may not fetch them. @throws UserError if --photos asks for them. */
function choosePhotos({ photos, environment }: StartSettings): PhotoSource | undefined {
  const allowed = canFetchLoopback(environment);
  if (photos !== undefined && !allowed)
    throw new UserError(
      '--photos serves photos on 127.0.0.1, but this service may not fetch from there: it also listens on other ' +
        'addresses, or ALLOWED_PRIVATE_HOSTS does not list 127.0.0.1.',
    );
  if (photos !== undefined) return openPhotoFolder(photos);
  return allowed ? openSamplePhotos(join(ROOT, 'node_modules')) : undefined;
}

/** On a terminal, log lines are shortened for people; elsewhere they stay unchanged. */
function superviseUntilAsked(options: StartOptions): Supervisor {
  const watchdog = startWatchdog();
  let started = false;
  const format = (line: string): string | undefined =>
    started || isWorthShowingEarly(line) ? formatLogLine(line) : undefined;
  const supervisor = createSupervisor({
    say: (line) => console.error(line),
    onChange: (leaders) => void (watchdog.connected && watchdog.send({ leaders })),
    graceMs: GRACE_MS,
    ...(process.stdout.isTTY ? { format } : {}),
  });
  onStopRequest({ stop: () => void endService(supervisor), kill: supervisor.kill }, options);
  const settle = (): void => {
    started = true;
    supervisor.settle();
  };
  return { ...supervisor, settle };
}

/** The end of this process closes the watchdog's channel. The watchdog finds nothing left to do and ends too. */
async function endService(supervisor: Supervisor): Promise<void> {
  await supervisor.stop();
  process.exit(0);
}

/** Resolves when the whole service is ready. */
async function startPrograms(run: Run, origin: string): Promise<void> {
  const { supervisor, environment } = run;
  const redis = run.redis === undefined ? await lookForRedis(run) : await startRedis(run, run.redis);
  await run.showStep(
    `Starting the API and a worker, which loads ${environment.INSIGHTFACE_MODEL}`,
    async () => {
      await keepPrograms(supervisor, { ...environment, ...redis });
      await untilUrlAnswers(`${origin}/health/ready`, supervisor);
    },
  );
}

async function lookForRedis({ environment, showStep }: Run): Promise<object> {
  const { REDIS_URL: target } = loadApiConfig(environment).config;
  await showStep('Looking for the Redis of REDIS_URL', () => untilRedisAnswers(target));
  return {};
}

async function startRedis(
  { supervisor, environment, folder, showStep }: Run,
  binary: string,
): Promise<object> {
  const redis = describeLocalRedis({ binary, folder, port: await freePort(), environment });
  await showStep('Starting Redis', () => {
    supervisor.keep(redis.program);
    return untilPortAnswers(redis.port, supervisor);
  });
  return { REDIS_URL: redis.url };
}

/** Starts the API last. It is the first to stop, while the worker still finishes the jobs of waiting callers. */
async function keepPrograms(supervisor: Supervisor, given: NodeJS.ProcessEnv): Promise<void> {
  const portFor = async (name: 'WORKER_PORT' | 'METRICS_PORT', wanted: number): Promise<string> =>
    given[name] || String(await freePortNear('127.0.0.1', wanted));
  const environment = {
    ...given,
    WORKER_PORT: await portFor('WORKER_PORT', WORKER_PORT),
    METRICS_PORT: await portFor('METRICS_PORT', METRICS_PORT),
  };
  for (const name of ['worker', 'api'] as const) {
    const args = ['--enable-source-maps', join(ROOT, 'dist', name, 'main.js')];
    const its = environmentFor(name, environment);
    supervisor.keep({ name, command: process.execPath, args, environment: its });
  }
}

function startWatchdog(): ChildProcess {
  const path = fileURLToPath(new URL('./start/watchdog.js', import.meta.url));
  const child = fork(path, { detached: true, stdio: 'ignore' });
  child.unref();
  child.channel?.unref();
  return child;
}

function secretsByTenant(master: string, environment: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  const names = loadKeyNames(environment);
  const own = loadTenants(environment);
  const signedByMaster = names.filter((name) => !own.get(name)?.webhookSecrets);
  const tenants = names.length > 0 ? signedByMaster : [ANONYMOUS];
  return new Map(tenants.map((tenant) => [tenant, tenantWebhookSecret(master, tenant)]));
}

/** Returns the origin at which this machine reaches the API; loopback if it listens on all addresses. */
function originOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
