import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createModelsRoute } from '../../../../src/api/operations/models.js';
import { listManifests } from '../../../../src/shared/models/model-catalogue.js';
import { calibrationSchema } from '../../../../src/shared/models/model-manifest.js';

const manifests = listManifests(fileURLToPath(new URL('../../../../models', import.meta.url)));

interface ModelView {
  readonly name: string;
  readonly in_use: boolean;
  readonly licence: Readonly<Record<string, unknown>>;
  readonly calibration: unknown;
}

async function askFor(model: string): Promise<{ in_use: string; models: readonly ModelView[] }> {
  const response = await createModelsRoute({ model, manifests }).request('/models');
  expect(response.status).toBe(200);
  return (await response.json()) as { in_use: string; models: readonly ModelView[] };
}

describe('GET /models', () => {
  it('lists every pack with a manifest and marks the one that answers here', async () => {
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

  it('tells of each pack whether it may be used commercially, and its calibration with data set and date', async () => {
    const { models } = await askFor('lite');

    for (const { licence, calibration } of models) {
      expect(typeof licence.commercial_use).toBe('boolean');
      if (calibration !== null) expect(calibrationSchema.safeParse(calibration).success).toBe(true);
    }
    expect(models.find(({ name }) => name === 'lite')?.calibration).toMatchObject({ dataset: 'LFW' });
  });

  it('gives away neither where files lie nor what they are', async () => {
    const response = await createModelsRoute({ model: 'lite', manifests }).request('/models');

    expect(await response.text()).not.toMatch(/\.onnx|sha256|\/models\/|\.zip/);
  });
});
