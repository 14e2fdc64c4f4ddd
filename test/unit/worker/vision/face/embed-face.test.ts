import { describe, expect, it } from 'vitest';
import {
  createFaceEmbedder,
  normaliseEmbedding,
  normOf,
} from '../../../../../src/worker/vision/face/embed-face.js';
import type { OnnxModel } from '../../../../../src/worker/vision/onnx/onnx-session.js';

/** A model that answers with what it was given, so that the input's layout shows in the embedding. */
function echo(length = 512): OnnxModel {
  return {
    input: { name: 'input', shape: [1, 3, 112, 112] },
    outputs: [{ name: 'output', shape: [1, length] }],
    provider: 'cpu',
    run: async (data) => [{ dims: [1, length], data: data.slice(0, length) }],
    close: async () => undefined,
  };
}

const aligned = (red: number, green: number, blue: number) => ({
  width: 2,
  height: 128,
  data: Uint8Array.from({ length: 2 * 128 * 3 }, (_, index) => [red, green, blue][index % 3] ?? 0),
});

const band = { least: 0.5, most: 50 };
const modelFailure = expect.objectContaining({ code: 'model_failure' });

describe('createFaceEmbedder', () => {
  it('gives the model normalised planes, red first', async () => {
    const embedder = createFaceEmbedder(echo(), { mean: 127.5, std: 127.5, channels: 'rgb' });

    const embedding = await embedder.embed(aligned(255, 0, 51));

    expect([embedding[0], embedding[255], embedding[256], embedding[511]]).toEqual([1, 1, -1, -1]);
  });

  it('gives a BGR model blue first', async () => {
    const embedder = createFaceEmbedder(echo(), { mean: 127.5, std: 127.5, channels: 'bgr' });

    const embedding = await embedder.embed(aligned(255, 0, 51));

    expect(embedding[0]).toBeCloseTo((51 - 127.5) / 127.5, 6);
    expect(embedding[256]).toBe(-1);
  });

  it('refuses an answer of another length', async () => {
    const lying = { ...echo(128), outputs: echo(512).outputs };
    const embedder = createFaceEmbedder(lying, { mean: 0, std: 1, channels: 'rgb' });

    await expect(embedder.embed(aligned(1, 2, 3))).rejects.toEqual(modelFailure);
  });

  it('gives as many numbers as the model says', async () => {
    const embedder = createFaceEmbedder(echo(128), { mean: 0, std: 1, channels: 'rgb' });

    expect(embedder.embeddingLength).toBe(128);
    expect(await embedder.embed(aligned(7, 2, 3))).toEqual(new Float32Array(128).fill(7));
  });

  it('refuses a model that does not state the length of its embeddings', () => {
    const silent = { ...echo(), outputs: [{ name: 'output', shape: [1, null] }] };

    expect(() => createFaceEmbedder(silent, { mean: 0, std: 1, channels: 'rgb' })).toThrow(
      'how many numbers',
    );
  });

  it('turns an error of the runtime into model_failure', async () => {
    const broken = { ...echo(), run: () => Promise.reject(new Error('inner text')) };
    const embedder = createFaceEmbedder(broken, { mean: 0, std: 1, channels: 'rgb' });

    const embedding = embedder.embed(aligned(1, 2, 3));

    await expect(embedding).rejects.toEqual(modelFailure);
    await expect(embedding).rejects.not.toThrow('inner text');
  });
});

describe('normaliseEmbedding', () => {
  it('gives length 1 in the same direction and leaves its input alone', () => {
    const raw = Float32Array.of(3, 4);

    const embedding = normaliseEmbedding(raw, band);

    expect([...embedding]).toEqual([...Float32Array.of(0.6, 0.8)]);
    expect([...raw]).toEqual([3, 4]);
  });

  it.each([0, 0.49, 50.1, 1e35, Number.NaN, Number.POSITIVE_INFINITY])('refuses a norm of %d', (norm) => {
    expect(() => normaliseEmbedding(Float32Array.of(norm, 0), band)).toThrow(modelFailure);
  });
});

describe('normOf', () => {
  it('does not overflow where a float would', () => {
    expect(normOf(Float32Array.of(3e38, 0))).toBeCloseTo(3e38, -33);
  });
});
