import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ENVIRONMENT_NAMES, loadApiConfig, loadWorkerConfig } from '../../../src/shared/config/config.js';
import { SECRET_SETTINGS } from '../../../src/shared/config/program-environment.js';
import { fromRoot, lastStage, readDockerfile, readFromRoot } from './read-dockerfile.js';

/** Names of the services; callers know the first from the Python service. */
const API = 'face-verification';
const REDIS = `${API}-redis`;
const MODELS = `${API}-models`;
const WORKER = `${API}-worker`;
const WORKERS = [WORKER, `${WORKER}-gpu`];
const PROMETHEUS = `${API}-prometheus`;
const GRAFANA = `${API}-grafana`;
const QUEUE = `${API}-queue`;

const limits = z.object({ cpus: z.string(), memory: z.string(), pids: z.int().positive() });
const service = z.object({
  image: z.string().optional(),
  build: z.object({ dockerfile: z.string(), args: z.record(z.string(), z.string()).optional() }).optional(),
  command: z.array(z.string()).optional(),
  user: z.string().optional(),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  ulimits: z.object({ core: z.literal(0) }),
  restart: z.enum(['unless-stopped', 'on-failure:3']),
  ports: z.array(z.string()).optional(),
  privileged: z.undefined().optional(),
  expose: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  networks: z.array(z.string()).min(1),
  profiles: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
  healthcheck: z.object({ test: z.array(z.string()).optional(), disable: z.boolean().optional() }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  logging: z.object({ options: z.object({ 'max-size': z.string(), 'max-file': z.string() }) }),
  deploy: z.object({ resources: z.looseObject({ limits }) }),
});
const composeSchema = z.object({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.unknown()),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() }).nullable()),
});

const text = readFromRoot('docker-compose.yml');
const compose = composeSchema.parse(parse(text, { merge: true }));
const named = (name: string): z.infer<typeof service> => {
  const found = compose.services[name];
  if (!found) throw new Error(`no service ${name}`);
  return found;
};

describe('docker-compose.yml', () => {
  // Parsing above already holds every service to: read-only root, no capability, no new privileges, no core file,
  // limits, bounded logs and a restart policy.
  it('runs redis, the models step, the api and workers, and the rest only on request', () => {
    expect(Object.keys(compose.services)).toEqual([REDIS, MODELS, API, ...WORKERS, PROMETHEUS, GRAFANA]);
    const profiles = Object.entries(compose.services).flatMap(([name, { profiles: wanted }]) =>
      wanted ? [[name, ...wanted]] : [],
    );
    expect(profiles).toEqual([
      [`${WORKER}-gpu`, 'gpu'],
      [PROMETHEUS, 'observability'],
      [GRAFANA, 'observability'],
    ]);
  });

  it('publishes no port but that of Grafana, on this machine alone', () => {
    const published = Object.entries(compose.services).filter(([, { ports }]) => ports);

    expect(published.map(([name]) => name)).toEqual([GRAFANA]);
    expect(named(GRAFANA).ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
  });

  it('lets Grafana reach Prometheus alone, and Prometheus the programs but not Redis', () => {
    expect(named(GRAFANA).networks).toEqual([`${API}-observability`]);
    expect(named(PROMETHEUS).networks).toEqual(['default', `${API}-egress`, `${API}-observability`]);
  });

  it('mounts only files that exist', () => {
    const mounted = Object.values(compose.services)
      .flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0] ?? ''))
      .filter((path) => path.startsWith('./'));

    expect(mounted.length).toBeGreaterThan(3);
    for (const path of mounted) expect(existsSync(fromRoot(path)), path).toBe(true);
  });

  it('runs Redis append-only, without eviction, not as root, on a network without internet access', () => {
    const redis = named(REDIS);
    const command = redis.command?.join(' ') ?? '';

    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(redis.user).toMatch(/^[1-9]/);
    expect(redis.networks).toEqual([QUEUE]);
    expect(compose.networks[QUEUE]).toEqual({ internal: true });
    expect(redis.healthcheck?.test).toEqual(['CMD', 'redis-cli', 'ping']);
  });

  it('starts the programs only when Redis is healthy and the models exist', () => {
    for (const name of [API, ...WORKERS]) {
      expect(named(name).depends_on).toEqual({
        [REDIS]: { condition: 'service_healthy' },
        [MODELS]: { condition: 'service_completed_successfully' },
      });
    }
  });

  it('lets only the models step write to the models', () => {
    expect(named(MODELS).volumes).toEqual([`${MODELS}:/models`]);
    for (const name of [API, ...WORKERS]) expect(named(name).volumes).toEqual([`${MODELS}:/models:ro`]);
  });

  it('puts only the API on the network of the project, where the old service was', () => {
    expect(named(API).networks).toEqual([QUEUE, 'default']);
    for (const name of [REDIS, MODELS, ...WORKERS, GRAFANA])
      expect(named(name).networks).not.toContain('default');
  });

  it('gives the API no network of the workers', () => {
    for (const name of WORKERS) expect(named(name).networks).toEqual([QUEUE, `${API}-egress`]);
  });

  it('uses no name that a project which includes the file can have too', () => {
    const names = [compose.services, compose.volumes, compose.networks].flatMap((group) =>
      Object.keys(group),
    );

    expect(names.filter((name) => !name.startsWith(API))).toEqual([]);
  });

  it('listens where the callers expect it, whatever the .env of the project says', () => {
    const foreign = { PORT: '3000', REDIS_URL: 'redis://redis:6379', HOST: '127.0.0.1', METRICS_PORT: '9' };
    const interpolated = { INSIGHTFACE_MODEL: 'lite', RECEIPT_KEYS: '' };
    const api = loadApiConfig({ ...foreign, ...named(API).environment, ...interpolated }).config;
    const { environment = {} } = named(WORKER);
    const keyless = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
    const worker = loadWorkerConfig({ ...foreign, ...keyless, INSIGHTFACE_MODEL: 'lite' }).config;

    expect([api.HOST, api.PORT, api.METRICS_PORT]).toEqual(['0.0.0.0', 8333, 8335]);
    expect(worker.WORKER_PORT).toBe(8334);
    for (const { REDIS_URL } of [api, worker]) expect(REDIS_URL.nodes).toEqual([{ host: REDIS, port: 6379 }]);
    expect(named(API).expose).toEqual(['8333', '8335']);
  });

  it('gives no program a secret that it does not use, although all read one .env', () => {
    const secretsOf = (config: object) => SECRET_SETTINGS.filter((name) => name in config);
    const used = new Map<string, readonly string[]>([
      [MODELS, []],
      // It publishes the public halves of the keys that workers sign with.
      [API, secretsOf(loadApiConfig({}).config).filter((name) => name !== 'RECEIPT_KEYS')],
      ...WORKERS.map((name) => [name, secretsOf(loadWorkerConfig({}).config)] as const),
    ]);

    expect(named(API).environment?.RECEIPT_KEYS).toMatch(/^\$\{RECEIPT_PUBLIC_KEYS:-\}$/);
    for (const [name, own] of used) {
      const { environment = {} } = named(name);
      const fromFile = SECRET_SETTINGS.filter((secret) => environment[secret] === undefined);
      expect(own, name).toEqual(expect.arrayContaining(fromFile));
      expect(
        own.filter((secret) => environment[secret] === ''),
        name,
      ).toEqual([]);
    }
  });

  it('has a health check for every long-running program', () => {
    for (const name of [API, ...WORKERS]) {
      const { build, healthcheck } = named(name);
      const stage = lastStage(readDockerfile(build?.dockerfile ?? ''));

      expect(healthcheck).toBeUndefined();
      expect(stage.some((instruction) => instruction.name === 'HEALTHCHECK')).toBe(true);
    }
  });

  it('waits longer for a worker to stop than the worker waits for its jobs', () => {
    const seconds = Number.parseInt(named(WORKER).stop_grace_period ?? '', 10);

    expect(seconds).toBeGreaterThan(30);
  });

  it('tags our images with the version of package.json and pins the others', () => {
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFromRoot('package.json')));

    for (const { image, build } of Object.values(compose.services)) {
      if (build) expect(image?.split(':')[1]).toBe(version);
      else expect(image).toMatch(/:v?\d+\.\d+\.\d+(-|$)/);
    }
  });

  it('sets only variables that the programs read', () => {
    for (const name of [MODELS, API, ...WORKERS])
      for (const variable of Object.keys(named(name).environment ?? {}))
        expect(ENVIRONMENT_NAMES).toContain(variable);
  });

  it('uses only networks and volumes that it declares', () => {
    const used = Object.values(compose.services);

    expect([...Object.keys(compose.networks), 'default']).toEqual(
      expect.arrayContaining(used.flatMap(({ networks }) => networks)),
    );
    expect(Object.keys(compose.volumes)).toEqual(
      expect.arrayContaining(
        used
          .flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0]))
          .filter((name) => !name?.startsWith('./')),
      ),
    );
  });
});
