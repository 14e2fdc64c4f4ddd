import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ENVIRONMENT_NAMES } from '../../../src/shared/config/config.js';
import { lastStage, readDockerfile, readFromRoot } from './read-dockerfile.js';

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
  ports: z.undefined().optional(),
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
  // no published port, limits, bounded logs and a restart policy.
  it('runs redis, the models step, the api and workers, and a worker on a GPU only when asked for', () => {
    expect(Object.keys(compose.services)).toEqual(['redis', 'models', 'api', 'worker', 'worker-gpu']);
    expect(Object.entries(compose.services).filter(([, { profiles }]) => profiles)).toEqual([
      ['worker-gpu', expect.objectContaining({ profiles: ['gpu'] })],
    ]);
  });

  it('keeps Redis append-only, never evicting, as a user who is not root, on a network without a way out', () => {
    const redis = named('redis');
    const command = redis.command?.join(' ') ?? '';

    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(redis.user).toMatch(/^[1-9]/);
    expect(redis.networks).toEqual(['queue']);
    expect(compose.networks.queue).toEqual({ internal: true });
    expect(redis.healthcheck?.test).toEqual(['CMD', 'redis-cli', 'ping']);
  });

  it('starts the programs only when Redis is healthy and the models are there', () => {
    for (const name of ['api', 'worker', 'worker-gpu']) {
      expect(named(name).depends_on).toEqual({
        redis: { condition: 'service_healthy' },
        models: { condition: 'service_completed_successfully' },
      });
    }
  });

  it('lets only the models step write to the models', () => {
    expect(named('models').volumes).toEqual(['models:/models']);
    for (const name of ['api', 'worker', 'worker-gpu'])
      expect(named(name).volumes).toEqual(['models:/models:ro']);
  });

  it('gives the API no network of the workers, and Redis none but its own', () => {
    expect(named('api').networks).toEqual(['queue', 'edge']);
    expect(named('worker').networks).toEqual(['queue', 'egress']);
  });

  it('keeps the keys of callers from all but the API, and the secrets of webhooks from the models step', () => {
    for (const name of ['models', 'worker', 'worker-gpu'])
      expect(named(name).environment).toMatchObject({ API_KEYS: '', ADMIN_API_KEYS: '' });
    expect(named('models').environment).toMatchObject({ WEBHOOK_SECRETS: '' });
    expect(named('api').environment).not.toHaveProperty('API_KEYS');
  });

  it('asks every long-running program for its health', () => {
    for (const name of ['api', 'worker', 'worker-gpu']) {
      const { build, healthcheck } = named(name);
      const stage = lastStage(readDockerfile(build?.dockerfile ?? ''));

      expect(healthcheck).toBeUndefined();
      expect(stage.some((instruction) => instruction.name === 'HEALTHCHECK')).toBe(true);
    }
  });

  it('waits longer for a worker to stop than the worker waits for its jobs', () => {
    const seconds = Number.parseInt(named('worker').stop_grace_period ?? '', 10);

    expect(seconds).toBeGreaterThan(30);
  });

  it('tags our images with the version of package.json and pins the others', () => {
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFromRoot('package.json')));

    for (const { image, build } of Object.values(compose.services)) {
      if (build) expect(image?.split(':')[1]).toBe(version);
      else expect(image).toMatch(/:\d+\.\d+\.\d+-/);
    }
  });

  it('sets only variables that the programs read', () => {
    for (const { environment = {} } of Object.values(compose.services))
      for (const name of Object.keys(environment)) expect(ENVIRONMENT_NAMES).toContain(name);
  });

  it('uses only networks and volumes that it declares', () => {
    const used = Object.values(compose.services);

    expect(Object.keys(compose.networks)).toEqual(
      expect.arrayContaining(used.flatMap(({ networks }) => networks)),
    );
    expect(Object.keys(compose.volumes)).toEqual(
      expect.arrayContaining(
        used.flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0])),
      ),
    );
  });
});
