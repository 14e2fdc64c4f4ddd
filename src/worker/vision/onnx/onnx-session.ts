import { InferenceSession, Tensor } from 'onnxruntime-node';
import { rewritePrelu } from './rewrite-prelu.js';

/** A float32 tensor from a model, row-major. */
export interface NumericTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Name and shape of a model's input or output; null is a free dimension. */
export interface TensorShape {
  readonly name: string;
  readonly shape: readonly (number | null)[];
}

export interface OnnxOptions {
  readonly intraOpThreads: number;
  /** In order of preference: cpu, cuda, tensorrt, … */
  readonly executionProviders: readonly string[];
  /** True: fail if the first provider cannot run the model, instead of trying the next. */
  readonly executionProviderRequired: boolean;
}

/** A loaded model with one float32 input. */
export interface OnnxModel {
  readonly input: TensorShape;
  readonly outputs: readonly TensorShape[];
  /** The execution provider that runs the model. */
  readonly provider: string;
  /**
   * Returns the outputs in the model's order. `data` is read only during the call; callers can reuse it afterwards.
   * Blocks the calling thread while the model runs.
   */
  run(data: Float32Array, dims: readonly number[]): Promise<NumericTensor[]>;
  close(): Promise<void>;
}

/**
 * Loads the model in `bytes` (an ONNX file) on the first execution provider that can run it. onnxruntime does not fall
 * back by itself: a provider whose libraries are missing throws, so each is tried in turn.
 * @throws Error if no provider can run it, if the preferred one is required and cannot, or if the model does not have
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
      const settings: InferenceSession.SessionOptions = {
        executionProviders: [provider],
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        intraOpNumThreads: options.intraOpThreads,
        interOpNumThreads: 1,
        // Spinning threads take processor time from decoders: two of them three times the model's own time.
        extra: { 'session.intra_op.allow_spinning': '0' },
        // Detectors that declare 640-pixel outputs warn at every other size. Errors are still logged.
        logSeverityLevel: 3,
      };
      const session = await InferenceSession.create(bytes, settings);
      return {
        session: provider === 'cpu' ? await preferFaster(session, bytes, settings) : session,
        provider,
      };
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`cannot be loaded on ${providers.join(', ')}: ${messageOf(failure)}`, { cause: failure });
}

/** Largest difference that counts as rounding, as a fraction of the largest output. No difference has been observed. */
const MAX_REWRITE_ERROR = 1e-5;

/**
 * Returns a session of the model with faster activations if its outputs equal those of `session`, which is closed.
 * Otherwise returns a session of the unchanged model. Only one is open at a time, because large models take much memory.
 */
async function preferFaster(
  session: InferenceSession,
  bytes: Uint8Array,
  settings: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  const rewritten = rewritePrelu(bytes);
  if (!rewritten) return session;
  const expected = await answerNoise(session);
  await session.release();
  const faster = await InferenceSession.create(rewritten, settings).catch(() => undefined);
  if (faster && agree(expected, await answerNoise(faster))) return faster;
  await faster?.release();
  return InferenceSession.create(bytes, settings);
}

/** Returns the outputs for one fixed noise input, or none if the model fails. Free dimensions are set to 1. */
async function answerNoise(session: InferenceSession): Promise<NumericTensor[]> {
  try {
    const inputs = session.inputMetadata.map(readShape).map(({ name, shape }) => [name, noise(shape)]);
    const results = await session.run(Object.fromEntries(inputs));
    return session.outputNames.map((name) => readTensor(results[name]));
  } catch {
    return [];
  }
}

function agree(expected: readonly NumericTensor[], actual: readonly NumericTensor[]): boolean {
  const isClose = ({ data: wanted }: NumericTensor, got: Float32Array | undefined): boolean => {
    const limit = MAX_REWRITE_ERROR * wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return wanted.every((value, index) => Math.abs(value - (got?.[index] ?? Number.NaN)) <= limit);
  };
  return expected.length > 0 && expected.every((output, index) => isClose(output, actual[index]?.data));
}

function noise(shape: readonly (number | null)[]): Tensor {
  const dims = shape.map((size) => size ?? 1);
  const length = dims.reduce((product, size) => product * size, 1);
  // Sines of distant arguments have both signs and no pattern, and are the same at every start.
  return new Tensor(
    'float32',
    Float32Array.from({ length }, (_, index) => Math.sin(index * 12.9898)),
    dims,
  );
}

function readShape(metadata: InferenceSession.ValueMetadata): TensorShape {
  if (!metadata.isTensor || metadata.type !== 'float32') {
    throw new Error(`has ${metadata.name}, which is not a float32 tensor`);
  }
  return {
    name: metadata.name,
    shape: metadata.shape.map((size) => (typeof size === 'number' && size > 0 ? size : null)),
  };
}

function readTensor(tensor: Tensor | undefined): NumericTensor {
  if (!tensor || !(tensor.data instanceof Float32Array))
    throw new Error('The model returned no float32 output');
  return { dims: tensor.dims, data: tensor.data };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
