import { beforeAll, describe, expect, it } from 'vitest';
import {
  addRuntimeClass,
  admitPods,
  applyObjects,
  deleteObjects,
  makeNamespace,
  playAutoscaler,
  readObjects,
  readRelease,
  render,
  type StoredObject,
  uninstallRelease,
  upgradeRelease,
  versionsOf,
} from '../support/chart/cluster.js';
import { BUNDLED, EXTERNAL, FULL, withSetting } from './support/values.js';

/** Sets of values by a name that is also the end of a namespace's. */
const CASES = [
  // `helm template` would make another password each time.
  ['bundled', withSetting(BUNDLED, 'redis.existingSecret', 'redis')],
  ['external', EXTERNAL],
  ['full', FULL],
  ['fixed-size', withSetting(EXTERNAL, 'api.autoscaling.enabled', false)],
  ['open-network', withSetting(EXTERNAL, 'networkPolicy.enabled', false)],
  ['claim', withSetting(EXTERNAL, 'worker.models', { source: 'claim', claim: 'packs', fill: true })],
  [
    'image-volume',
    withSetting(EXTERNAL, 'worker.models', { source: 'imageVolume', reference: 'faces/lite:1' }),
  ],
  ['own-account', withSetting(EXTERNAL, 'serviceAccount', { create: false, name: 'default' })],
] as const;

/** More than any fixed size in the cases, and what no manifest says. */
const SCALED = 7;

const sizesOf = (objects: readonly StoredObject[], names: readonly string[]): readonly unknown[] =>
  objects
    .filter(({ kind, metadata }) => kind === 'Deployment' && names.includes(metadata.name))
    .map(({ spec }) => spec?.replicas);

beforeAll(() => addRuntimeClass('nvidia'));

describe.each(CASES)('the chart with the values %s', (name, values) => {
  it('is accepted without a warning, and again without a change', async () => {
    const namespace = await makeNamespace(`applied-${name}`);
    const manifest = await render(namespace, values);

    expect(await applyObjects(namespace, manifest)).not.toMatch(/warning/i);
    const owned = await playAutoscaler(namespace, { manifest, replicas: SCALED });
    const before = await readObjects(namespace, manifest);
    expect(await applyObjects(namespace, manifest)).not.toMatch(/warning/i);
    const after = await readObjects(namespace, manifest);

    expect(versionsOf(after)).toEqual(versionsOf(before));
    expect(sizesOf(after, owned)).toEqual(owned.map(() => SCALED));
    await deleteObjects(namespace, manifest);
    expect(await readObjects(namespace, manifest)).toEqual([]);
  });

  it('makes pods that the restricted standard admits', async () => {
    const namespace = await makeNamespace(`pods-${name}`);
    const manifest = await render(namespace, values);
    await applyObjects(namespace, manifest);

    expect(await admitPods(namespace, await readObjects(namespace, manifest))).toBeGreaterThanOrEqual(2);
    await deleteObjects(namespace, manifest);
  });

  it('is upgraded by helm without a change, and removed completely', async () => {
    const namespace = await makeNamespace(`helm-${name}`);

    await upgradeRelease(namespace, values);
    const manifest = await readRelease(namespace);
    const owned = await playAutoscaler(namespace, { manifest, replicas: SCALED });
    const before = await readObjects(namespace, manifest);
    await upgradeRelease(namespace, values);
    const after = await readObjects(namespace, manifest);

    expect(versionsOf(after)).toEqual(versionsOf(before));
    expect(sizesOf(after, owned)).toEqual(owned.map(() => SCALED));
    await uninstallRelease(namespace);
    expect(await readObjects(namespace, manifest)).toEqual([]);
  });
});

describe('a release of the chart', () => {
  it('keeps the password of its own Redis over an upgrade', async () => {
    const namespace = await makeNamespace('own-password');
    const values = BUNDLED;

    await upgradeRelease(namespace, values);
    const before = await readObjects(namespace, await readRelease(namespace));
    await upgradeRelease(namespace, values);
    const after = await readObjects(namespace, await readRelease(namespace));

    expect(before.map(({ kind }) => kind)).toContain('Secret');
    expect(versionsOf(after)).toEqual(versionsOf(before));
    await uninstallRelease(namespace);
  });

  it('keeps the size that an autoscaler chose when a setting changes', async () => {
    const namespace = await makeNamespace('changed-setting');
    const values = withSetting(BUNDLED, 'worker.scaling.enabled', true);

    await upgradeRelease(namespace, values);
    const manifest = await readRelease(namespace);
    const owned = await playAutoscaler(namespace, { manifest, replicas: SCALED });
    const before = await readObjects(namespace, manifest);
    await upgradeRelease(namespace, withSetting(values, 'config.LOG_LEVEL', 'debug'));
    const after = await readObjects(namespace, manifest);

    expect(versionsOf(after)).not.toEqual(versionsOf(before));
    expect(owned).toHaveLength(2);
    expect(sizesOf(after, owned)).toEqual([SCALED, SCALED]);
    await uninstallRelease(namespace);
  });
});
