import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnnxModel, type OnnxModel } from '../../src/worker/vision/onnx/onnx-session.js';
import { rewritePrelu } from '../../src/worker/vision/onnx/rewrite-prelu.js';
import { derivedName } from '../../src/worker/vision/pack/verify-pack.js';
import { cropFace, SAMPLE_FACES } from '../support/photos/photos.js';
import { LITE_FOLDER, liteSettings } from '../support/photos/vision-settings.js';

const FILE = readFileSync(join(LITE_FOLDER, 'fr_feature.onnx'));
const DERIVED = readFileSync(join(LITE_FOLDER, derivedName('fr_feature.onnx')));
const DIMS = [1, 3, 112, 112];

async function facesAsTensors(): Promise<Float32Array[]> {
  const crops = await Promise.all(SAMPLE_FACES.map((face) => cropFace(face, { margin: 0.1 })));
  const pixels = await Promise.all(crops.map((crop) => sharp(crop).resize(112, 112).raw().toBuffer()));
  return pixels.map((data) =>
    Float32Array.from({ length: data.length }, (_, i) => {
      const plane = data.length / 3;
      return (data[(i % plane) * 3 + 2 - Math.floor(i / plane)]! - 127.5) / 127.5;
    }),
  );
}

describe.each([
  ['rewritten at the start', FILE],
  ['derived when it was fetched', DERIVED],
])('the recogniser of lite, %s', (_when, file) => {
  let published: InferenceSession;
  let used: OnnxModel;

  beforeAll(async () => {
    published = await InferenceSession.create(FILE, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    used = await createOnnxModel(file, liteSettings());
  });
  afterAll(async () => {
    await published.release();
    await used.close();
  });

  it('gives the published embedding to the last bit, for every face of the samples', async () => {
    const faces = await facesAsTensors();

    for (const face of faces) {
      const wanted = await published.run({
        [published.inputNames[0] ?? '']: new Tensor('float32', face, DIMS),
      });
      const [embedding] = await used.run(face, DIMS);

      expect(embedding?.data).toEqual(wanted[published.outputNames[0] ?? '']?.data);
    }
    expect(faces).toHaveLength(22);
  });
});

describe('the activations of the recogniser of lite', () => {
  it('are all rewritten, and need no second rewrite', () => {
    const rewritten = rewritePrelu(FILE);

    expect(FILE.includes('PRelu')).toBe(true);
    expect(Buffer.from(rewritten ?? FILE).includes('PRelu')).toBe(false);
    expect(rewritePrelu(DERIVED)).toBeUndefined();
  });
});
