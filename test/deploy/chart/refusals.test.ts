import { describe, expect, it } from 'vitest';
import { find, type KubernetesObject, render, renderText, type Values } from './support/render-chart.js';
import { BUNDLED, EXTERNAL, FULL, withSetting } from './support/values.js';

describe('the chart refuses', () => {
  it.each<[string, string, unknown, RegExp]>([
    ['an unknown value', 'api.replica', 3, /replica/],
    ['an unknown value of a pool', 'pools', [{ name: 'cpu', pack: 'lite', gpu: true }], /gpu/],
    ['a variable that no program reads', 'config.LOG_LEVL', 'debug', /LOG_LEVL/],
    ['a variable of the other program', 'worker.config.MAX_QUEUE_DEPTH', 5, /MAX_QUEUE_DEPTH/],
    ['a variable that it sets itself', 'api.config.PORT', 80, /PORT/],
    ['a secret as a plain variable', 'api.config.API_KEYS', 'shop:0123456789abcdef', /API_KEYS/],
    ['API keys for workers', 'secrets.worker.API_KEYS', { name: 'face' }, /API_KEYS/],
    ['private receipt keys for the API', 'secrets.shared.RECEIPT_KEYS', { name: 'face' }, /RECEIPT_KEYS/],
    ['a pack that no worker has', 'api.pack', 'buffalo_l', /no pool has the pack buffalo_l/],
    [
      'a shadow alone',
      'pools',
      [{ name: 'shadow', pack: 'lite', config: { SHADOW_OF: 'lite' } }],
      /no pool has the pack lite/,
    ],
    [
      'a shadow that scales',
      'pools',
      [
        { name: 'cpu', pack: 'lite' },
        { name: 'shadow', pack: 'lite', config: { SHADOW_OF: 'lite' }, scaling: { enabled: true } },
      ],
      /shadow has SHADOW_OF/,
    ],
    ['a pool without a pack', 'pools', [{ name: 'cpu' }], /pack/],
    [
      'two pools of one name',
      'pools',
      [
        { name: 'cpu', pack: 'lite' },
        { name: 'cpu', pack: 'lite' },
      ],
      /two pools are called cpu/,
    ],
    ['a claim without a name', 'worker.models.source', 'claim', /cpu needs models.claim/],
    ['a mounted image without a name', 'worker.models.source', 'imageVolume', /cpu needs models.reference/],
    ['a scaled pool of no worker', 'worker.scaling.minReplicas', 0, /minReplicas/],
    ['two Redis', 'secrets.shared.REDIS_URL', { name: 'face' }, /keep one of the two/],
  ])('%s', (_what, path, setting, message) => {
    expect(() => render(withSetting(BUNDLED, path, setting))).toThrow(message);
  });

  it('no Redis at all, and one whose place the network policy does not know', () => {
    expect(() => render({})).toThrow(/REDIS_URL/);
    expect(() => render(withSetting(EXTERNAL, 'networkPolicy.redis.to', []))).toThrow(
      /say where your Redis is/,
    );
  });
});

describe('a change of the model, with values alone', () => {
  const OLD = { name: 'cpu', pack: 'lite' };
  const NEW = { name: 'cpu-new', pack: 'buffalo_l' };
  const at = (pack: string, pools: readonly Values[]) =>
    render(withSetting(withSetting(FULL, 'api.pack', pack), 'pools', pools));
  const before = at('lite', [OLD]);
  const workersAdded = at('lite', [OLD, NEW]);
  const apiSwitched = at('buffalo_l', [OLD, NEW]);
  const oldRemoved = at('buffalo_l', [NEW]);
  const programs = (objects: readonly KubernetesObject[]) =>
    objects.filter(({ kind }) => kind === 'Deployment' || kind === 'ScaledObject');
  const changed = (from: readonly KubernetesObject[], to: readonly KubernetesObject[]) =>
    programs(to)
      .filter((object) => !programs(from).some((other) => JSON.stringify(other) === JSON.stringify(object)))
      .map(({ kind, metadata }) => `${kind} ${metadata.name.replace('face-verification-', '')}`);

  it('first adds workers, then changes the API alone, then removes workers', () => {
    expect(changed(before, workersAdded)).toEqual([
      'Deployment worker-cpu-new',
      'ScaledObject worker-cpu-new',
    ]);
    expect(changed(workersAdded, apiSwitched)).toEqual(['Deployment api']);
    expect(changed(apiSwitched, oldRemoved)).toEqual([]);
    expect(programs(oldRemoved).map(({ metadata }) => metadata.name)).not.toContain(
      'face-verification-worker-cpu',
    );
  });
});

it('renders the same twice, so that applying it again changes nothing', () => {
  expect(renderText(FULL)).toBe(renderText(FULL));
});

it('makes a new password for its Redis each time, which Kubernetes refuses to store over the first one', () => {
  const [first, second] = [1, 2].map(() => find(render(BUNDLED), 'Secret'));

  expect(first?.data).not.toEqual(second?.data);
  expect(first?.immutable).toBe(true);
});
