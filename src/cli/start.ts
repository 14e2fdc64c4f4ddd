import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ANONYMOUS } from '../shared/api-keys.js';
import { ConfigError, loadApiConfig, loadKeyNames, loadWorkerConfig } from '../shared/config.js';
import { tenantWebhookSecret } from '../shared/webhook-secret.js';
import { renderGreeting } from './start/greeting.js';
import { describeLocalRedis } from './start/local-redis.js';
import { claimPort, freePort, freePortNear } from './start/ports.js';
import { readSettings, type StartSettings } from './start/settings.js';
import { StartError } from './start/start-error.js';
import { onStopRequest, type StopRequestOptions } from './start/stop-requests.js';
import { createSupervisor, type Supervisor } from './start/supervisor.js';
import { untilPortAnswers, untilUrlAnswers } from './start/until-ready.js';

export interface StartOptions extends StopRequestOptions {
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Returns the Redis or Valkey server binary; asked only when no REDIS_URL is given. */
  readonly findRedis: () => Promise<string>;
  /** When the command was given, ms since 1970. */
  readonly startedAt: number;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A little more than the programs allow themselves (SHUTDOWN_TIMEOUT), ms. */
const GRACE_MS = 35_000;
/** Wanted for the worker's own health page and the API's metrics; others are taken where they are not free. */
const WORKER_PORT = 8334;
const METRICS_PORT = 8335;

/**
 * Runs API, worker and, unless REDIS_URL names one, a Redis, until a signal asks to end; then ends all of them and the
 * process. A second signal ends them at once.
 * @throws StartError when the service cannot start; whatever ran until then has been ended.
 */
export async function startService(options: StartOptions): Promise<void> {
  const settings = readSettings(options.args, options.environment, join(ROOT, 'models'));
  checkConfiguration(settings.environment);
  const port = await claimPort(settings.host, settings.port);
  const origin = originOf(settings.host, port);
  const watchdog = startWatchdog();
  const supervisor = createSupervisor({
    say: (line) => console.error(line),
    onChange: (leaders) => void (watchdog.connected && watchdog.send({ leaders })),
    graceMs: GRACE_MS,
  });
  onStopRequest({ stop: () => void endService(supervisor), kill: supervisor.kill }, options);
  try {
    const environment = { ...settings.environment, PORT: String(port) };
    const redis = settings.bringsRedis
      ? {}
      : await startRedis(supervisor, environment, await options.findRedis());
    await startPrograms(supervisor, { ...environment, ...redis });
    await untilUrlAnswers(`${origin}/health/ready`, supervisor);
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  supervisor.settle();
  console.log(greet(settings, origin, (Date.now() - options.startedAt) / 1_000));
}

/** Lists what is wrong for either program: each knows its own part only, and the first that ends takes all along. */
function checkConfiguration(environment: NodeJS.ProcessEnv): void {
  const problems = [loadApiConfig, loadWorkerConfig].flatMap((load) => {
    try {
      load(environment);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  });
  if (problems.length > 0) throw new StartError(new ConfigError([...new Set(problems)]).message);
}

/** The end of this process closes the watchdog's channel: it finds nothing left to do and ends too. */
async function endService(supervisor: Supervisor): Promise<void> {
  await supervisor.stop();
  process.exit(0);
}

/** The folder is named after the API's port, so that two services of one checkout keep apart. */
async function startRedis(
  supervisor: Supervisor,
  environment: NodeJS.ProcessEnv,
  binary: string,
): Promise<{ REDIS_URL: string }> {
  const folder = join(ROOT, '.redis', environment.PORT ?? '');
  const redis = describeLocalRedis({ binary, folder, port: await freePort(), environment });
  supervisor.keep(redis.program);
  await untilPortAnswers(redis.port, supervisor);
  return { REDIS_URL: redis.url };
}

/** The API last: it is the first to stop, while the worker still ends what its callers wait for. */
async function startPrograms(supervisor: Supervisor, given: NodeJS.ProcessEnv): Promise<void> {
  const portFor = async (name: 'WORKER_PORT' | 'METRICS_PORT', wanted: number): Promise<string> =>
    given[name] || String(await freePortNear('127.0.0.1', wanted));
  const environment = {
    ...given,
    WORKER_PORT: await portFor('WORKER_PORT', WORKER_PORT),
    METRICS_PORT: await portFor('METRICS_PORT', METRICS_PORT),
  };
  for (const name of ['worker', 'api']) {
    const main = join(ROOT, 'dist', name, 'main.js');
    supervisor.keep({ name, command: process.execPath, args: ['--enable-source-maps', main], environment });
  }
}

function startWatchdog(): ChildProcess {
  const path = fileURLToPath(new URL('./start/watchdog.js', import.meta.url));
  const child = fork(path, { detached: true, stdio: 'ignore' });
  child.unref();
  child.channel?.unref();
  return child;
}

function greet({ environment, webhookSecret }: StartSettings, origin: string, seconds: number): string {
  return renderGreeting({
    origin,
    model: environment.INSIGHTFACE_MODEL ?? '',
    seconds,
    webhookSecrets: webhookSecret ? secretsByTenant(webhookSecret, environment) : new Map(),
    needsKey: Boolean(environment.API_KEYS || environment.API_KEYS_FILE),
    allowsLoopback: /127\.0\.0\.|localhost/.test(environment.ALLOWED_PRIVATE_HOSTS ?? ''),
  });
}

function secretsByTenant(master: string, environment: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  const names = loadKeyNames(environment);
  const tenants = names.length > 0 ? names : [ANONYMOUS];
  return new Map(tenants.map((tenant) => [tenant, tenantWebhookSecret(master, tenant)]));
}

/** An address that listens everywhere is reached on loopback. */
function originOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
