import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ENVIRONMENT_NAMES, loadApiConfig, loadWorkerConfig } from '../../../src/shared/config/config.js';
import { LIVE_SETTINGS } from '../../../src/shared/config/setting-files.js';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

// The tests in test/deploy/chart render the chart with Helm. This needs no Helm.
const FOLDER = 'deploy/helm/face-verification';
const values = parse(readFromRoot(`${FOLDER}/values.yaml`));
const templates = readdirSync(fromRoot(`${FOLDER}/templates`)).map((file) =>
  readFromRoot(`${FOLDER}/templates/${file}`),
);

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
}
const schema: Schema & { readonly definitions: Readonly<Record<string, Schema>> } = JSON.parse(
  readFromRoot(`${FOLDER}/values.schema.json`),
);
const resolve = (part: Schema | undefined): Schema | undefined =>
  (part?.$ref
    ?.split('/')
    .reduce<unknown>(
      (at, name) => (name === '#' ? schema : (at as Record<string, unknown>)[name]),
      undefined,
    ) as Schema | undefined) ?? part;

describe('the Helm chart', () => {
  it('has the version of package.json', () => {
    const chart = parse(readFromRoot(`${FOLDER}/Chart.yaml`));
    const { version } = JSON.parse(readFromRoot('package.json'));

    expect(chart).toMatchObject({ version, appVersion: version });
  });

  it('sets only variables that the programs read', () => {
    const names = templates.flatMap((text) => [...text.matchAll(/(?:name: |")([A-Z][A-Z]+(?:_[A-Z]+)+)\b/g)]);

    expect(names.length).toBeGreaterThan(5);
    for (const [, name] of names) expect(ENVIRONMENT_NAMES).toContain(name);
    for (const section of [values.api.config, values.worker.config])
      for (const name of Object.keys(section)) expect(ENVIRONMENT_NAMES).toContain(name);
  });

  it('restarts no pod for a setting that the programs reload', () => {
    const list = /\$reloaded := list ([^}]*?) }}/.exec(templates.join('\n'))?.[1] ?? '';

    expect([...list.matchAll(/"(\w+)"/g)].map(([, name]) => name).toSorted()).toEqual(
      [...LIVE_SETTINGS].toSorted(),
    );
  });

  it('names each setting of values.yaml in its schema, which refuses others', () => {
    const compare = (part: Schema | undefined, object: Readonly<Record<string, unknown>>, path: string) => {
      const { properties, additionalProperties } = resolve(part) ?? {};
      // Maps with keys of the user's choice, such as labels.
      if (!properties) return;
      expect(additionalProperties, path).toBe(false);
      for (const [key, value] of Object.entries(object)) {
        expect(Object.keys(properties), path).toContain(key);
        if (value !== null && typeof value === 'object' && !Array.isArray(value))
          compare(properties[key], value as Record<string, unknown>, `${path}.${key}`);
      }
    };

    compare(schema, values, 'values');
  });

  it('takes what its own rules depend on from config alone, so that API and workers have the same', () => {
    const read = /\.Values\.config\b(?:\) \| fromJson\))?\.([A-Z_]+)/g;
    const names = templates.flatMap((text) => [...text.matchAll(read)]).map(([, name]) => name);
    const keysOf = (definition: string) => Object.keys(schema.definitions[definition]?.properties ?? {});

    expect(names.sort()).toEqual(['ALLOWED_PORTS', 'REDIS_PREFIX']);
    expect(keysOf('sharedConfig')).toEqual(expect.arrayContaining(names));
    for (const name of names) {
      expect(keysOf('apiConfig')).not.toContain(name);
      expect(keysOf('workerConfig')).not.toContain(name);
    }
  });

  it('listens where the programs listen', () => {
    const portsIn = (file: string) =>
      [...readFromRoot(`${FOLDER}/templates/${file}`).matchAll(/containerPort: (\d+)/g)].map(([, port]) =>
        Number(port),
      );
    const { PORT, METRICS_PORT } = loadApiConfig({}).config;

    expect(portsIn('api.yaml')).toEqual([PORT, METRICS_PORT]);
    expect(portsIn('workers.yaml')).toEqual([loadWorkerConfig({}).config.WORKER_PORT]);
    // Pods answer from other pods only when they listen on more than loopback.
    expect(readFromRoot('Dockerfile.api')).toContain('METRICS_HOST=0.0.0.0');
  });

  it('lets workers connect to the addresses that they accept, and to no others', () => {
    const source = readFromRoot('src/shared/net/public-address.ts');
    const refused = [...source.matchAll(/^ {2}'([0-9a-f.:]+\/\d+)'/gm)].map(([, range = '']) => range);
    const [v4, v6] = values.networkPolicy.publicAddresses;

    expect(refused.length).toBeGreaterThan(20);
    expect(v4.cidr).toBe('0.0.0.0/0');
    expect(v4.except).toEqual(refused.filter((range) => !range.includes(':')));
    expect(source).toContain(`toRange('${v6.cidr}')`);
    expect(v6.except).toEqual(refused.filter((range) => range.includes(':')));
  });

  it('runs the Redis of docker-compose.yml, with the user of docs/deployment.md', () => {
    const { repository, tag } = values.redis.image;
    const rights = /ACL SETUSER face on >PASSWORD (.+)/.exec(readFromRoot('docs/deployment.md'))?.[1];
    const template = readFromRoot(`${FOLDER}/templates/redis.yaml`).replaceAll('{{ .prefix }}', '{face}');

    expect(readFromRoot('docker-compose.yml')).toContain(`image: ${repository}:${tag}\n`);
    expect(rights).toContain('-@dangerous');
    expect(template).toContain(`user face on >{{ .password }} ${rights}\n`);
  });

  it('downloads models with the script of the image', () => {
    expect(templates.join()).toContain('/app/fetch-models.sh');
    expect(readFromRoot('Dockerfile.worker')).toContain('deploy/fetch-models.sh');
  });
});
