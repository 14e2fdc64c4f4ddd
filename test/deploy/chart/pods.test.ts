import { describe, expect, it } from 'vitest';
import { ENVIRONMENT_NAMES, loadApiConfig, loadWorkerConfig } from '../../../src/shared/config/config.js';
import { type Program, programsOf, secretsOf } from './support/programs-of.js';
import { find, type KubernetesObject, NAMESPACE, render, type Values } from './support/render-chart.js';
import { BUNDLED, EXTERNAL, FULL, MATRIX, withSetting } from './support/values.js';

const RELEASE = 'face-verification';
const isProgram = ({ labels }: Program) =>
  ['api', 'worker'].includes(labels['app.kubernetes.io/component'] ?? '');
const named = (values: Values, name: string): Program => {
  const program = programsOf(render(values)).find((each) => each.name === `${RELEASE}-${name}`);
  if (!program) throw new Error(`no ${name}`);
  return program;
};
const withoutFiles = (env: Program['env']) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith('_FILE')));
const selects = (selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>) =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

// Parsing holds every pod to: not root in user and group, no token, no links, read-only root, no capability, limits.
it.each(MATRIX)('keeps every pod restricted: %s', (_name, values) => {
  const programs = programsOf(render(values));

  expect(programs.length).toBeGreaterThanOrEqual(2);
});

describe('variables', () => {
  const programs = programsOf(render(FULL));

  it('are all read by the program that gets them', () => {
    for (const program of programs.filter(isProgram)) {
      const load = program.labels['app.kubernetes.io/component'] === 'api' ? loadApiConfig : loadWorkerConfig;
      for (const name of Object.keys(program.env)) {
        const variable = name === 'TENANTS_FILE' ? name : name.replace(/_FILE$/, '');
        expect(ENVIRONMENT_NAMES).toContain(variable);
        expect(Object.keys(load({}).config), program.name).toContain(variable);
      }
    }
  });

  it('are accepted by that program', () => {
    for (const { env, labels } of programs.filter(isProgram)) {
      const plain = withoutFiles(env);
      const { fallbacks } =
        labels['app.kubernetes.io/component'] === 'api' ? loadApiConfig(plain) : loadWorkerConfig(plain);

      expect(fallbacks).toEqual([]);
    }
  });

  it('keep large numbers in plain digits', () => {
    expect(named(FULL, 'api').env.MAX_IMAGE_BYTES).toBe('20971520');
    expect(named(FULL, 'worker-cpu').env.MAX_IMAGE_BYTES).toBe('20971520');
  });

  it('of a pool win over those of all workers, also false and 0', () => {
    expect(named(FULL, 'worker-cpu').env.LOG_USER_ID).toBe('true');
    expect(named(FULL, 'worker-gpu').env.LOG_USER_ID).toBe('false');
    expect(find(render(FULL), 'Deployment', `${RELEASE}-worker-gpu`).spec.replicas).toBe(0);
  });
});

describe('secrets', () => {
  const programs = programsOf(render(FULL));
  const files = (name: string) => secretsOf(named(FULL, name)).toSorted();

  it('reach only the programs that need them', () => {
    expect(files('api')).toEqual([
      'ADMIN_API_KEYS',
      'API_KEYS',
      'RECEIPT_KEYS',
      'REDIS_URL',
      'TENANTS_FILE',
      'UPLOAD_KEYS',
      'WEBHOOK_SECRETS',
    ]);
    expect(files('worker-cpu')).toEqual([
      'IMAGE_HOST_HEADERS',
      'RECEIPT_KEYS',
      'REDIS_URL',
      'TENANTS_FILE',
      'UPLOAD_KEYS',
      'WEBHOOK_SECRETS',
    ]);
  });

  it('are files, and no variable and no other container holds one', () => {
    for (const program of programs) {
      for (const variable of secretsOf(program).filter((name) => name !== 'users.acl'))
        expect(program.env[variable === 'TENANTS_FILE' ? variable : `${variable}_FILE`]).toBe(
          `/etc/face-verification/secrets/${variable}`,
        );
      for (const { volumeMounts } of program.pod.initContainers)
        expect(volumeMounts.map(({ name }) => name)).not.toContain('secrets');
    }
  });

  it('give the API the public halves of the receipt keys, and the worker the private key', () => {
    const sourceOf = (name: string) =>
      JSON.stringify(named(FULL, name).pod.volumes).match(
        /"name":"([^"]+)","items":\[{"key":"([^"]+)","path":"RECEIPT_KEYS"/,
      );

    expect(sourceOf('api')?.slice(1)).toEqual(['face', 'public']);
    expect(sourceOf('worker-cpu')?.slice(1)).toEqual(['signing', 'RECEIPT_KEYS']);
  });
});

it('a priority class of the release has the name of its namespace, and every pod has it', () => {
  const objects = render(FULL);
  const { name } = find(objects, 'PriorityClass').metadata;

  expect(name).toBe(`${NAMESPACE}-${RELEASE}`);
  for (const { pod } of programsOf(objects)) expect(pod.priorityClassName).toBe(name);
});

describe('ports', () => {
  const objects = render(FULL);
  const portsOf = (name: string) =>
    Object.fromEntries(named(FULL, name).main.ports.map((port) => [port.name, port.containerPort]));

  it('are those where the programs listen', () => {
    const { PORT, METRICS_PORT } = loadApiConfig({}).config;

    expect(portsOf('api')).toEqual({ http: PORT, metrics: METRICS_PORT });
    expect(portsOf('worker-cpu')).toEqual({ metrics: loadWorkerConfig({}).config.WORKER_PORT });
  });

  it('of metrics need no key and are not on the Service of the callers', () => {
    expect(find(objects, 'Service', RELEASE).spec.ports).toEqual([
      { name: 'http', port: 8333, targetPort: 'http', appProtocol: 'http' },
    ]);
  });

  it('of metrics are named to Prometheus, by one Service or by annotations', () => {
    const { selector, ports } = find(objects, 'Service', `${RELEASE}-metrics`).spec;
    const { endpoints } = find(objects, 'ServiceMonitor').spec;
    const annotated = programsOf(render(BUNDLED)).filter(isProgram);

    for (const program of programsOf(objects)) {
      const isScraped =
        selects(selector, program.labels) &&
        program.main.ports.some(({ name }) => name === ports[0].targetPort);
      expect(isScraped, program.name).toBe(isProgram(program));
    }
    // Otherwise the operator's label `service` replaces the programs' own, and the alerts ask for a job.
    expect(endpoints).toMatchObject([
      {
        port: 'metrics',
        honorLabels: true,
        relabelings: [{ targetLabel: 'job', replacement: 'face-verification' }],
      },
    ]);
    for (const { name } of annotated) {
      const { annotations } = find(render(BUNDLED), 'Deployment', name).spec.template.metadata;
      expect(annotations).toEqual({
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': name.endsWith('api') ? '8335' : '8334',
      });
    }
  });
});

describe('models', () => {
  it('are downloaded by an init container, whose cache is not in the memory of the pod', () => {
    const { pod, env } = named(BUNDLED, 'worker-cpu');
    const volumeOf = (path: string) => {
      const mount = pod.initContainers[0]?.volumeMounts.find(({ mountPath }) => mountPath === path);
      return pod.volumes.find(({ name }) => name === mount?.name);
    };

    expect(pod.initContainers[0]?.command).toEqual(['/app/fetch-models.sh']);
    expect(volumeOf('/tmp')).toEqual({ name: 'download', emptyDir: { sizeLimit: '1Gi' } });
    expect(volumeOf('/models')).toEqual({ name: 'models', emptyDir: { sizeLimit: '1Gi' } });
    expect(env.MODELS_DIR).toBe('/models');
  });

  it('of a claim are downloaded by one Job, for which the workers wait', () => {
    const { pod } = named(FULL, 'worker-gpu');
    const job = programsOf(render(FULL)).find(({ kind }) => kind === 'Job');

    expect(pod.volumes).toContainEqual({
      name: 'models',
      persistentVolumeClaim: { claimName: 'packs', readOnly: true },
    });
    expect(pod.initContainers[0]?.command?.join(' ')).toContain('models.js verify');
    expect(job?.main.command).toEqual(['/app/fetch-models.sh']);
    expect(job?.env).toEqual({ INSIGHTFACE_MODEL: 'buffalo_l', MODELS_DIR: '/models' });
  });

  it('of a claim that is filled elsewhere, of the worker image or of an own image need nothing at start', () => {
    const claim = withSetting(BUNDLED, 'worker.models', { source: 'claim', claim: 'packs' });

    expect(named(claim, 'worker-cpu').pod.initContainers).toEqual([]);
    expect(programsOf(render(claim)).filter(({ kind }) => kind === 'Job')).toEqual([]);
    expect(named(FULL, 'worker-baked')).toMatchObject({
      env: { MODELS_DIR: '/app/models' },
      pod: { initContainers: [] },
    });
    expect(named(FULL, 'worker-oci').pod.volumes).toContainEqual({
      name: 'models',
      image: { reference: 'faces/lite@sha256:ab', pullPolicy: 'IfNotPresent' },
    });
  });
});

describe('ends and disruptions', () => {
  it('leave time for callers and jobs', () => {
    const graceOf = (values: Values, name: string) =>
      Number(named(values, name).pod.terminationGracePeriodSeconds);
    const api = loadApiConfig(withoutFiles(named(FULL, 'api').env)).config;

    expect(graceOf(FULL, 'api')).toBeGreaterThanOrEqual(api.DRAIN_SECONDS + api.SYNC_WAIT_TIMEOUT + 5);
    expect(graceOf(BUNDLED, 'api')).toBe(90);
    expect(graceOf(BUNDLED, 'worker-cpu')).toBe(40);
    expect(graceOf(withSetting(BUNDLED, 'worker.config.SHUTDOWN_TIMEOUT', '120.5'), 'worker-cpu')).toBe(131);
  });

  it('take at most a tenth of each program at a time, and pods that are not ready do not block them', () => {
    const objects = render(FULL);
    const budgets = objects.filter(({ kind }) => kind === 'PodDisruptionBudget');

    expect(budgets.length).toBe(5);
    for (const { spec } of budgets) {
      expect(spec).toMatchObject({ maxUnavailable: '10%', unhealthyPodEvictionPolicy: 'AlwaysAllow' });
      expect(
        programsOf(objects).filter(({ labels }) => selects(spec.selector.matchLabels, labels)),
      ).toHaveLength(1);
    }
  });

  it('spread the pods of each program over zones and nodes', () => {
    for (const program of programsOf(render(FULL)).filter(isProgram)) {
      const constraints = program.pod.topologySpreadConstraints as KubernetesObject['spec'][];
      expect(constraints.map(({ topologyKey }) => topologyKey)).toEqual([
        'topology.kubernetes.io/zone',
        'kubernetes.io/hostname',
      ]);
      for (const { labelSelector } of constraints)
        expect(selects(labelSelector.matchLabels, program.labels)).toBe(true);
    }
  });
});

describe('probes', () => {
  it('ask for the health of every program with time to answer', () => {
    for (const { main, name } of programsOf(render(EXTERNAL)).filter(isProgram)) {
      const probes = main as unknown as Record<string, KubernetesObject['spec']>;
      expect(probes.livenessProbe?.httpGet.path).toBe('/health');
      expect(probes.startupProbe?.httpGet.path).toBe('/health');
      expect(probes.readinessProbe?.httpGet.path).toBe(name.includes('worker') ? '/health/ready' : '/health');
      for (const kind of ['liveness', 'startup', 'readiness'])
        expect(probes[`${kind}Probe`]?.timeoutSeconds).toBeGreaterThanOrEqual(3);
    }
  });
});

describe('images', () => {
  it('have a registry, a version and possibly a digest', () => {
    expect(named(BUNDLED, 'api').main.image).toMatch(/^face-verification-api:\d+\.\d+\.\d+$/);
    expect(named(FULL, 'api').main.image).toBe(
      `registry.example.com/faces/face-verification-api@sha256:${'0'.repeat(64)}`,
    );
    expect(named(FULL, 'worker-gpu').main.image).toMatch(
      /^registry\.example\.com\/faces\/face-verification-worker-cuda:\d/,
    );
  });
});
