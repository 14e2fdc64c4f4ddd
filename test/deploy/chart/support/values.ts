import type { Values } from './render-chart.js';

const POOLS = [
  { name: 'cpu', pack: 'lite' },
  {
    name: 'gpu',
    pack: 'buffalo_l',
    image: { repository: 'face-verification-worker-cuda' },
    config: { EXECUTION_PROVIDERS: 'cuda', EXECUTION_PROVIDER_REQUIRED: true, LOG_USER_ID: false },
    nodeSelector: { accelerator: 'nvidia' },
    runtimeClassName: 'nvidia',
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
    resources: { limits: { 'nvidia.com/gpu': 1, memory: '8Gi' } },
    scaling: { enabled: false },
    replicas: 0,
    models: { source: 'claim', claim: 'packs', fill: true },
  },
  { name: 'baked', pack: 'lite', models: { source: 'image' }, scaling: { fallbackReplicas: 7 } },
  { name: 'oci', pack: 'lite', models: { source: 'imageVolume', reference: 'faces/lite@sha256:ab' } },
];

/** The least that one has to say: a Redis of the chart, and keys. */
export const BUNDLED: Values = {
  redis: { enabled: true },
  secrets: { api: { API_KEYS: { name: 'face' } } },
};

/** The least that one has to say with a Redis of one's own. */
export const EXTERNAL: Values = {
  secrets: { shared: { REDIS_URL: { name: 'face' } }, api: { API_KEYS: { name: 'face' } } },
  networkPolicy: { redis: { to: [{ ipBlock: { cidr: '10.1.2.0/24' } }] } },
};

/** Every switch on, every secret, every kind of pool, a Redis with Sentinel and TLS. */
export const FULL: Values = {
  imageRegistry: 'registry.example.com/faces',
  imagePullSecrets: [{ name: 'registry' }],
  config: { LOG_LEVEL: 'debug', ALLOWED_PORTS: '8443, 9000', MAX_IMAGE_BYTES: 20_971_520 },
  secrets: {
    shared: {
      REDIS_URL: { name: 'face', key: 'redis' },
      UPLOAD_KEYS: { name: 'face' },
      WEBHOOK_SECRETS: { name: 'face' },
      TENANTS_FILE: { name: 'tenants', key: 'tenants.yaml' },
    },
    api: {
      API_KEYS: { name: 'face' },
      ADMIN_API_KEYS: { name: 'face' },
      RECEIPT_KEYS: { name: 'face', key: 'public' },
    },
    worker: { RECEIPT_KEYS: { name: 'signing' }, IMAGE_HOST_HEADERS: { name: 'face' } },
  },
  serviceAccount: { annotations: { team: 'faces' } },
  priorityClass: { create: true },
  networkPolicy: { redis: { to: [{ ipBlock: { cidr: '10.1.2.0/24' } }], ports: [26_379, 6380] } },
  metrics: {
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
    dashboard: { enabled: true },
  },
  scaling: { prometheus: { authenticationRef: 'prometheus', authModes: 'bearer' } },
  api: { config: { SYNC_WAIT_TIMEOUT: 90.5 }, image: { digest: `sha256:${'0'.repeat(64)}` } },
  worker: { scaling: { enabled: true }, config: { LOG_USER_ID: true } },
  pools: POOLS,
};

const SWITCHES = [
  'serviceAccount.create',
  'priorityClass.create',
  'api.autoscaling.enabled',
  'api.podDisruptionBudget.enabled',
  'api.topologySpread.enabled',
  'worker.scaling.enabled',
  'worker.podDisruptionBudget.enabled',
  'worker.topologySpread.enabled',
  'networkPolicy.enabled',
  'metrics.serviceMonitor.enabled',
  'metrics.prometheusRule.enabled',
  'metrics.dashboard.enabled',
];

/** Every switch off and on, alone, with little and with much else. */
export const MATRIX: readonly (readonly [string, Values])[] = [
  ['bundled', BUNDLED],
  ['external', EXTERNAL],
  ['full', FULL],
  ...(['download', 'image'] as const).map(
    (source) => [`models from ${source}`, withSetting(BUNDLED, 'worker.models.source', source)] as const,
  ),
  ...[BUNDLED, FULL].flatMap((base, index) =>
    SWITCHES.flatMap((path) =>
      [true, false].map(
        (isOn) => [`${['bundled', 'full'][index]}, ${path} ${isOn}`, withSetting(base, path, isOn)] as const,
      ),
    ),
  ),
];

/** Returns `values` with one setting, named by its path, changed. */
export function withSetting(values: Values, path: string, setting: unknown): Values {
  const [name = '', ...rest] = path.split('.');
  if (rest.length === 0) return { ...values, [name]: setting };
  return { ...values, [name]: withSetting((values[name] ?? {}) as Values, rest.join('.'), setting) };
}
