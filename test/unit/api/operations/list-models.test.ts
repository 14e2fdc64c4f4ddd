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

const request = (model: string) =>
  new Hono().get('/models', listModelsOperation.createHandler({ model, manifests })).request('/models');

async function askFor(model: string): Promise<{ in_use: string; models: readonly ModelView[] }> {
  const response = await request(model);
  expect(response.status).toBe(200);
  return (await response.json()) as { in_use: string; models: readonly ModelView[] };
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

  it('reveals neither the places nor the contents of files', async () => {
    const response = await request('lite');

    expect(await response.text()).not.toMatch(/\.onnx|sha256|\/models\/|\.zip/);
  });
});
