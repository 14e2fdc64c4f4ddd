import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ENVIRONMENT_NAMES, loadApiConfig, loadWorkerConfig } from '../../../src/shared/config/config.js';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

const FOLDER = 'deploy/kubernetes';
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
  ports: z.array(z.object({ containerPort: z.int() })).optional(),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }),
  }),
  livenessProbe: z.unknown().optional(),
  readinessProbe: z.unknown().optional(),
});
const podSpec = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  // Links to a service called `worker` would set WORKER_PORT.
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: z.int().gt(30),
  securityContext: z.object({
    runAsNonRoot: z.literal(true),
    seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
  }),
  initContainers: z.array(container).optional(),
  containers: z.array(container).min(1),
});
const scraped = z.object({ 'prometheus.io/scrape': z.literal('true'), 'prometheus.io/port': z.string() });
const template = z.object({ metadata: z.object({ annotations: scraped }), spec: podSpec });
const deployment = z.object({ spec: z.object({ template }) });
const kustomization = z.object({
  resources: z.array(z.string()),
  images: z.array(z.object({ name: z.string(), newTag: z.string() })),
  configMapGenerator: z.tuple([z.object({ literals: z.array(z.string()) })]),
});

const kustomized = kustomization.parse(parse(readFromRoot(`${FOLDER}/kustomization.yaml`)));
const readDocuments = (file: string): readonly { kind?: string }[] =>
  parseAllDocuments(readFromRoot(`${FOLDER}/${file}`)).map((document) => document.toJS());
const templateOf = (file: string): z.infer<typeof template> =>
  deployment.parse(readDocuments(file).find(({ kind }) => kind === 'Deployment')).spec.template;
const podOf = (file: string): z.infer<typeof podSpec> => templateOf(file).spec;

describe('deploy/kubernetes', () => {
  it('lists only files that exist', () => {
    for (const file of kustomized.resources)
      expect(existsSync(fromRoot(`${FOLDER}/${file}`)), file).toBe(true);
  });

  // Parsing holds both pods to: not root, no service account, read-only root, no capability, requests and limits.
  it.each(['api.yaml', 'worker.yaml'])('keeps the pod of %s restricted and asks for its health', (file) => {
    const { containers, initContainers = [] } = podOf(file);
    const names = kustomized.images.map(({ name }) => name);

    for (const { image } of [...containers, ...initContainers]) expect(names).toContain(image);
    for (const { livenessProbe, readinessProbe } of containers) {
      expect(livenessProbe).toMatchObject({ httpGet: { path: '/health' } });
      expect(readinessProbe).toMatchObject({ httpGet: { path: expect.stringMatching(/^\/health/) } });
    }
  });

  it('listens where the programs listen', () => {
    expect(podOf('api.yaml').containers[0]?.ports?.[0]?.containerPort).toBe(8333);
    expect(podOf('worker.yaml').containers[0]?.ports?.[0]?.containerPort).toBe(8334);
  });

  it('points Prometheus at the ports where metrics need no key, and keeps them off the Service', () => {
    const portOf = (file: string) => Number(templateOf(file).metadata.annotations['prometheus.io/port']);
    const policy = readFromRoot(`${FOLDER}/network-policy.yaml`);

    expect(portOf('api.yaml')).toBe(loadApiConfig({}).config.METRICS_PORT);
    expect(portOf('worker.yaml')).toBe(loadWorkerConfig({}).config.WORKER_PORT);
    expect(JSON.stringify(readDocuments('api.yaml').filter(({ kind }) => kind === 'Service'))).not.toContain(
      '8335',
    );
    for (const port of [8334, 8335]) expect(policy).toContain(`port: ${port}`);
    // Pods answer from other pods only when they listen on more than loopback.
    expect(readFromRoot('Dockerfile.api')).toContain('METRICS_HOST=0.0.0.0');
  });

  it('fetches the models with the script of the image before a worker starts', () => {
    expect(podOf('worker.yaml').initContainers?.[0]?.command).toEqual(['/app/fetch-models.sh']);
    expect(existsSync(fromRoot('deploy/fetch-models.sh'))).toBe(true);
  });

  it('tags the images with the version of package.json', () => {
    const { version } = JSON.parse(readFromRoot('package.json'));

    for (const { newTag } of kustomized.images) expect(newTag).toBe(version);
  });

  it('sets only variables that the programs read', () => {
    const names = [
      ...kustomized.configMapGenerator[0].literals.map((literal) => literal.split('=')[0]),
      ...['api.yaml', 'worker.yaml'].flatMap((file) =>
        podOf(file).containers.flatMap(({ env = [] }) => env.map(({ name }) => name)),
      ),
      ...parseAllDocuments(readFromRoot(`${FOLDER}/secret.example.yaml`)).flatMap((secret) =>
        Object.keys(secret.toJS().stringData),
      ),
    ];

    for (const name of names) expect(ENVIRONMENT_NAMES).toContain(name);
  });

  it('lets workers connect only to public addresses, Redis and the name server', () => {
    const text = readFromRoot(`${FOLDER}/network-policy.yaml`);

    for (const range of [
      '10.0.0.0/8',
      '100.64.0.0/10',
      '127.0.0.0/8',
      '169.254.0.0/16',
      '172.16.0.0/12',
      '192.168.0.0/16',
    ])
      expect(text).toContain(range);
  });

  it('scales by a metric that the API provides', () => {
    const query = /query: .*?(face_\w+)/.exec(readFromRoot(`${FOLDER}/worker-scaling.yaml`))?.[1] ?? 'none';

    expect(readFromRoot('src/api/metrics.ts')).toContain(`'${query}'`);
  });
});
