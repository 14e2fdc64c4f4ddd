import { VerificationError } from '../../../shared/errors.js';
import type { Normalisation } from '../image/to-tensor.js';
import type { OnnxModel } from '../onnx/onnx-session.js';
import type { RgbImage } from '../types.js';

/** Turns an aligned face into an embedding. */
export interface FaceEmbedder {
  /** Numbers in each embedding. */
  readonly embeddingLength: number;
  /**
   * Returns the raw embedding: Float32[embeddingLength], not normalised, a new array.
   * `aligned`: RGB, 112 × 112. @throws model_failure if the model fails or its output has another length.
   */
  embed(aligned: RgbImage): Promise<Float32Array>;
}

/** Range of the L2 norms of raw embeddings from a healthy recogniser. */
export interface NormBand {
  readonly least: number;
  readonly most: number;
}

/**
 * Returns an embedder that uses an ArcFace-like model, which the caller closes. Keeps one input buffer: not reentrant.
 * @throws Error if the model does not tell the length of its embeddings.
 */
export function createFaceEmbedder(model: OnnxModel, normalisation: Normalisation): FaceEmbedder {
  const embeddingLength = model.outputs[0]?.shape.at(-1);
  if (!embeddingLength) throw new Error('The recogniser does not say how many numbers it gives');
  let input = new Float32Array(0);
  const normalised = Float32Array.from(
    { length: 256 },
    (_, v) => (v - normalisation.mean) / normalisation.std,
  );
  return {
    embeddingLength,
    async embed({ width, height, data }) {
      const plane = width * height;
      if (input.length !== 3 * plane) input = new Float32Array(3 * plane);
      const first = normalisation.channels === 'rgb' ? 0 : 2 * plane;
      const third = 2 * plane - first;
      for (let i = 0, from = 0; i < plane; i++, from += 3) {
        input[first + i] = normalised[data[from]!]!;
        input[plane + i] = normalised[data[from + 1]!]!;
        input[third + i] = normalised[data[from + 2]!]!;
      }
      const [output] = await model.run(input, [1, 3, height, width]).catch((cause: unknown) => {
        throw new VerificationError('model_failure', { cause, context: { reason: 'recogniser' } });
      });
      if (output?.data.length !== embeddingLength) {
        throw new VerificationError('model_failure', { context: { reason: 'embedding_length' } });
      }
      return output.data;
    },
  };
}

/** Returns the L2 norm of a vector, in double precision. */
export function normOf(vector: Float32Array): number {
  let square = 0;
  for (const value of vector) square += value * value;
  return Math.sqrt(square);
}

/**
 * Returns the embedding scaled to length 1, in a new array.
 * @throws model_failure if its norm is outside `band`. One flipped bit in a recogniser can make every norm huge and every
 *   pair of faces similar, without any error from the runtime.
 */
export function normaliseEmbedding(raw: Float32Array, band: NormBand): Float32Array {
  const norm = normOf(raw);
  // This form also rejects NaN.
  if (!(norm >= band.least && norm <= band.most)) {
    throw new VerificationError('model_failure', { context: { reason: 'embedding_norm' } });
  }
  return raw.map((value) => value / norm);
}
