import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { rewritePrelu } from '../../../../../src/worker/vision/onnx/rewrite-prelu.js';
import { preluModel } from '../../../../support/builders/onnx-builder.js';

async function compute(model: Uint8Array, shape: readonly number[], values: readonly number[]) {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.from(values), shape) });
  await session.release();
  return [...((y?.data ?? []) as Float32Array)];
}

const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });

describe('rewritePrelu', () => {
  it.each([
    ['8 channels, as processors group them', 8],
    ['32 channels', 32],
    ['3 channels, which fill no group', 3],
  ])('gives a model that says the same to the last bit, of %s', async (_what, channels) => {
    const shape = [1, channels, 2, 3];
    const tensors = fc.record({
      slopes: fc.array(float, { minLength: channels, maxLength: channels }),
      values: fc.array(float, { minLength: channels * 6, maxLength: channels * 6 }),
      raw: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(tensors, async ({ slopes, values, raw }) => {
        const model = preluModel({ shape, slope: { dims: [channels, 1, 1], values: slopes }, raw });
        const rewritten = rewritePrelu(model);

        const zeroHasNoSign = (numbers: readonly number[]) => numbers.map((value) => value + 0);
        expect(zeroHasNoSign(await compute(rewritten ?? model, shape, values))).toEqual(
          zeroHasNoSign(await compute(model, shape, values)),
        );
        expect(rewritten).toBeDefined();
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ['one slope for all channels', [1, 8, 2, 2], { dims: [1], values: [0.25] }],
    ['one slope in three dimensions', [1, 8, 2, 2], { dims: [1, 1, 1], values: [0.25] }],
    ['a slope for each place', [1, 2, 1, 2], { dims: [2, 1, 2], values: [0.1, 0.2, 0.3, 0.4] }],
    ['slopes of a vector', [1, 3], { dims: [3], values: [0.1, 0.2, 0.3] }],
  ])('leaves %s alone', (_what, shape, slope) => {
    expect(rewritePrelu(preluModel({ shape, slope }))).toBeUndefined();
  });

  it('only reads the model', () => {
    const model = preluModel({ shape: [1, 2, 1, 1], slope: { dims: [2, 1, 1], values: [0.5, 0.25] } });
    const before = Buffer.from(model);

    rewritePrelu(model);

    expect(Buffer.compare(before, model)).toBe(0);
  });

  it('throws for bytes that are not a model', () => {
    expect(() => rewritePrelu(Buffer.from('<html>not a model</html>'))).toThrow();
  });
});
