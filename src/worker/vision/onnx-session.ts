import { InferenceSession, Tensor } from 'onnxruntime-node';

/** A float32 tensor as a model gave it, row-major. */
export interface NumericTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Name and shape of a model's input or output; null stands for a free dimension. */
export interface TensorShape {
  readonly name: string;
  readonly shape: readonly (number | null)[];
}

export interface OnnxOptions {
  readonly intraOpThreads: number;
  /** In order of preference: cpu, cuda, tensorrt, … */
  readonly executionProviders: readonly string[];
  /** Whether another provider than the first is an error instead of a fallback. */
  readonly executionProviderRequired: boolean;
}

/** A loaded model with one float32 input. */
export interface OnnxModel {
  readonly input: TensorShape;
  readonly outputs: readonly TensorShape[];
  /** The execution provider that took the model. */
  readonly provider: string;
  /**
   * Returns the outputs in the model's order. `data` is read during the call only, so callers may reuse it afterwards.
   * Runs on the calling thread for as long as the model takes.
   */
  run(data: Float32Array, dims: readonly number[]): Promise<NumericTensor[]>;
  close(): Promise<void>;
}

/**
 * Returns the model in `bytes` (an ONNX file), on the first execution provider that takes it. onnxruntime does not fall
 * back by itself: a provider whose libraries are missing throws, so each is tried in turn.
 * @throws Error when no provider takes it, or the preferred one does not and is required, or the model does not have
 *   exactly one input.
 */
export async function createOnnxModel(bytes: Uint8Array, options: OnnxOptions): Promise<OnnxModel> {
  const { session, provider } = await openSession(bytes, options);
  const [input, ...others] = session.inputMetadata.map(readShape);
  if (!input || others.length > 0) throw new Error(`has ${session.inputNames.length} inputs instead of one`);
  return {
    input,
    outputs: session.outputMetadata.map(readShape),
    provider,
    run: async (data, dims) => {
      const results = await session.run({ [input.name]: new Tensor('float32', data, dims) });
      return session.outputNames.map((name) => readTensor(results[name]));
    },
    close: () => session.release(),
  };
}

async function openSession(bytes: Uint8Array, options: OnnxOptions) {
  const providers = options.executionProviderRequired
    ? options.executionProviders.slice(0, 1)
    : [...new Set([...options.executionProviders, 'cpu'])];
  let failure: unknown;
  for (const provider of providers) {
    try {
      const session = await InferenceSession.create(bytes, {
        executionProviders: [provider],
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        intraOpNumThreads: options.intraOpThreads,
        interOpNumThreads: 1,
        // Detectors that declare 640-pixel outputs warn at every other size; errors still show.
        logSeverityLevel: 3,
      });
      return { session, provider };
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`cannot be loaded on ${providers.join(', ')}: ${messageOf(failure)}`, { cause: failure });
}

function readShape(metadata: InferenceSession.ValueMetadata): TensorShape {
  if (!metadata.isTensor || metadata.type !== 'float32') {
    throw new Error(`has ${metadata.name}, which is no float32 tensor`);
  }
  return {
    name: metadata.name,
    shape: metadata.shape.map((size) => (typeof size === 'number' && size > 0 ? size : null)),
  };
}

function readTensor(tensor: Tensor | undefined): NumericTensor {
  if (!tensor || !(tensor.data instanceof Float32Array)) throw new Error('The model gave no float32 output');
  return { dims: tensor.dims, data: tensor.data };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
