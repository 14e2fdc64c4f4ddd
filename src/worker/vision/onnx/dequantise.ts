/** Whole numbers that stand for real ones. */
export interface QuantisedWeights {
  /** Row-major, as many as `dims` tell. */
  readonly values: ArrayLike<number>;
  readonly dims: readonly number[];
  /** One for all; or one for each place along `axis`; or one for each block of `blockSize` places along it. */
  readonly scales: Float32Array;
  /** As many as scales; undefined: all 0. */
  readonly zeroPoints: ArrayLike<number> | undefined;
  /** Counted from the end when negative. */
  readonly axis: number;
  /** 0: no blocks. */
  readonly blockSize: number;
}

/**
 * Returns `(value − zero point) · scale` of every value, rounded once to float32: what ONNX Runtime computes.
 * @throws Error when there are not as many scales as the axis or its blocks need.
 * @see ONNX operator DequantizeLinear, opset 21
 */
export function dequantise(weights: QuantisedWeights): Float32Array {
  const { values, dims, scales, zeroPoints } = weights;
  const axis = weights.axis < 0 ? weights.axis + dims.length : weights.axis;
  const length = dims[axis] ?? 1;
  const inner = product(dims.slice(axis + 1));
  const place = placeOfScale(weights, length, inner);
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const along = Math.floor(i / inner);
    const at = place(Math.floor(along / length), along % length, i % inner);
    out[i] = (values[i]! - (zeroPoints?.[at] ?? 0)) * scales[at]!;
  }
  return out;
}

/** Returns which scale belongs to a value, by its place before the axis, on it and after it. */
function placeOfScale(
  { values, scales, blockSize }: QuantisedWeights,
  length: number,
  inner: number,
): (before: number, on: number, after: number) => number {
  if (scales.length === 1) return () => 0;
  if (blockSize === 0 && scales.length === length) return (_before, on) => on;
  const blocks = Math.ceil(length / blockSize);
  if (blockSize > 0 && scales.length === (values.length / length) * blocks) {
    return (before, on, after) => (before * blocks + Math.floor(on / blockSize)) * inner + after;
  }
  throw new Error(`has ${scales.length} scales for ${length} places in blocks of ${blockSize}`);
}

const product = (sizes: readonly number[]): number => sizes.reduce((result, size) => result * size, 1);
