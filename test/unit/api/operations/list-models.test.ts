import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { listModelsOperation } from '../../../../src/api/operations/list-models.js';
import { listManifests } from '../../../../src/shared/models/model-catalogue.js';
import { calibrationSchema } from '../../../../src/shared/models/model-manifest.js';

const manifests = listManifests(fileURLToPath(new URL('../../../../models', import.meta.url)));

interface ModelView {
  readonly name: string;
  readonly in_use: boolean;
  readonly licence: Readonly<Record<string, unknown>>;
  readonly calibration: unknown;
}

const request = (model: string, threshold = 0.5) => {
  const calibration = manifests.find(({ name }) => name === model)?.calibration ?? null;
  const handler = listModelsOperation.createHandler({
    model,
    manifests,
    calibration,
    defaultThreshold: threshold,
  });
  return new Hono().get('/models', handler).request('/models');
};

async function askFor(model: string, threshold?: number) {
  const response = await request(model, threshold);
  expect(response.status).toBe(200);
  return (await response.json()) as {
    readonly in_use: string;
    readonly threshold: object;
    readonly models: readonly ModelView[];
  };
}

describe('GET /models', () => {
  it('lists every pack with a manifest and marks the one in use', async () => {
    const { in_use, models } = await askFor('lite');

    expect(in_use).toBe('lite');
    expect(models.map(({ name }) => name).sort()).toEqual(manifests.map(({ name }) => name).sort());
    expect(models.filter((model) => model.in_use).map(({ name }) => name)).toEqual(['lite']);
  });

  it('marks none when the pack in use is a folder without a manifest', async () => {
    const { in_use, models } = await askFor('my-own');

    expect(in_use).toBe('my-own');
    expect(models.some((model) => model.in_use)).toBe(false);
  });

  it('says of each pack whether commercial use is allowed, and on which data it was calibrated', async () => {
    const { models } = await askFor('lite');

    for (const { licence, calibration } of models) {
      expect(typeof licence.commercial_use).toBe('boolean');
      if (calibration !== null) expect(calibrationSchema.safeParse(calibration).success).toBe(true);
    }
    expect(models.find(({ name }) => name === 'lite')?.calibration).toMatchObject({ dataset: 'LFW' });
  });

  it('says what the default threshold of the service means with the pack in use', async () => {
    const lite = await askFor('lite');
    const strict = await askFor('open', 0.45);
    const unknown = await askFor('my-own');

    expect(lite.threshold).toMatchObject({ value: 0.5, fmr: 4.4e-6, fnmr: 0.082 });
    expect(strict.threshold).toMatchObject({ value: 0.45, fmr: 1e-4, fnmr: 0.0311 });
    expect(unknown.threshold).toMatchObject({ value: 0.5, fmr: null, fnmr: null });
  });

  it('reveals neither the places nor the contents of files', async () => {
    const response = await request('lite');

    expect(await response.text()).not.toMatch(/\.onnx|sha256|\/models\/|\.zip/);
  });
});
