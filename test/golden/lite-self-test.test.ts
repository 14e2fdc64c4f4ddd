import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import { measureSelfTest } from '../../src/worker/vision/pack/self-test.js';
import { liteManifest, liteSettings } from '../support/photos/vision-settings.js';

/** The numbers were taken on another processor: sums of a thousand float32 products differ in the fifth digit. */
const AGREEMENT = 1e-3;

describe('the self-test of lite', () => {
  let pack: ModelPack;

  beforeAll(async () => {
    pack = await loadModelPack({ ...liteSettings(), manifest: liteManifest() });
  });
  afterAll(() => pack.close());

  it('gives the numbers of its manifest, far closer than a worker requires', async () => {
    const golden = liteManifest().self_test;

    const measured = await measureSelfTest(pack.embedder);

    expect(Math.abs(measured.similarity - (golden?.similarity ?? 9))).toBeLessThan(AGREEMENT);
    for (const [index, norm] of measured.norms.entries())
      expect(Math.abs(norm / (golden?.norms[index] ?? 0) - 1)).toBeLessThan(AGREEMENT);
  });

  it.each([
    ['a similarity', { similarity: 0.9 }],
    ['a norm', { norms: [1, 1] as [number, number] }],
  ])('keeps a pack away that differs in %s', async (_what, change) => {
    const manifest = liteManifest();
    const golden = manifest.self_test;
    if (!golden) throw new Error('this is a bug: lite has no self-test');

    const loading = loadModelPack({
      ...liteSettings(),
      manifest: { ...manifest, self_test: { ...golden, ...change } },
    });

    await expect(loading).rejects.toThrow('The self-test failed');
  });

  it('notices channels in the wrong order', async () => {
    const manifest = liteManifest();

    const loading = loadModelPack({
      ...liteSettings(),
      manifest: { ...manifest, recogniser: { ...manifest.recogniser, channels: 'rgb' } },
    });

    await expect(loading).rejects.toThrow('The self-test failed');
  });
});
