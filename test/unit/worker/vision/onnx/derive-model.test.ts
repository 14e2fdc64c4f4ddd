import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { deriveModel } from '../../../../../src/worker/vision/onnx/derive-model.js';
import { preluModel, quantisedModel } from '../../../../support/builders/onnx-builder.js';

const QUANTISED = {
  // Weights 1 2 3 4 and 10 20 -10 0 once dequantised.
  values: [1, 2, -1, 0, 2, 4, -2, 0],
  scales: [1, 1, 5, 5],
  zeroPoints: [0, 0, 0, 0],
  size: [2, 3],
} as const;
const WITH_ZERO_POINTS = { ...QUANTISED, zeroPoints: [0, -4, 0, 0] };

async function compute(model: Uint8Array, size: readonly [number, number], values: readonly number[]) {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    expect(session.inputNames).toEqual(['x']);
    const x = new Tensor('float32', Float32Array.from(values), [1, 1, ...size]);
    const { y } = await session.run({ x });
    return [...((y?.data ?? []) as Float32Array)];
  } finally {
    await session.release();
  }
}

describe('deriveModel', () => {
  it.each([true, false])(
    'folds blocks of 8 bits to the weights they stand for (as bytes: %s)',
    async (raw) => {
      const derived = deriveModel(quantisedModel({ ...WITH_ZERO_POINTS, raw }));

      // 1·1 + 2·2 + 3·4 + 4·5 and 2·1 + … by hand, over the two places of the window.
      expect(await compute(derived ?? Buffer.of(), [2, 3], [1, 2, 3, 4, 5, 6])).toEqual([37, 47, 10, 30]);
      expect(Buffer.from(derived ?? '').includes('DequantizeLinear')).toBe(false);
      expect(Buffer.from(derived ?? '').includes('Reshape')).toBe(false);
    },
  );

  it('removes weights from the inputs', async () => {
    const source = quantisedModel(QUANTISED);
    const session = await InferenceSession.create(deriveModel(source) ?? source, { logSeverityLevel: 3 });

    expect(session.inputNames).toEqual(['x']);
    await session.release();
  });

  it('frees the input size on request', async () => {
    const derived = deriveModel(quantisedModel(QUANTISED), { freeInputSize: true });
    const fixed = deriveModel(quantisedModel(QUANTISED));

    expect(await compute(derived ?? Buffer.of(), [2, 2], [1, 0, 0, 0])).toEqual([1, 10]);
    expect(await compute(derived ?? Buffer.of(), [3, 2], [1, 0, 0, 0, 0, 0])).toEqual([1, 0, 10, 0]);
    await expect(compute(fixed ?? Buffer.of(), [2, 2], [1, 0, 0, 0])).rejects.toThrow(/dimension/);
  });

  it('gives the same bytes every time', () => {
    const source = quantisedModel(WITH_ZERO_POINTS);

    expect(deriveModel(source)).toEqual(deriveModel(Buffer.from(source)));
  });

  it('changes nothing in its own result', () => {
    const derived = deriveModel(quantisedModel(QUANTISED));

    expect(deriveModel(derived ?? Buffer.of())).toBeUndefined();
  });

  it('rewrites activations, which folding leaves alone', () => {
    const source = preluModel({ shape: [1, 2, 1, 1], slope: { dims: [2, 1, 1], values: [0.5, 0.25] } });

    expect(Buffer.from(deriveModel(source) ?? source).includes('PRelu')).toBe(false);
  });

  it('throws for bytes that are not a model', () => {
    expect(() => deriveModel(Buffer.from('<html>not a model</html>'))).toThrow();
  });
});
