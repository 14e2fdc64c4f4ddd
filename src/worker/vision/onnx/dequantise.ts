/** Integers that encode real numbers. */
export interface QuantisedWeights {
  /** Row-major, with the shape `dims`. */
  readonly values: ArrayLike<number>;
  readonly dims: readonly number[];
  /** One for all values, one for each index along `axis`, or one for each block of `blockSize` indices along it. */
  readonly scales: Float32Array;
  /** As many as `scales`. Undefined: all 0. */
  readonly zeroPoints: ArrayLike<number> | undefined;
  /** Negative: counted from the end. */
  readonly axis: number;
  /** 0: no blocks. */
  readonly blockSize: number;
}

/**
 * Returns `(value − zero point) · scale` for every value, rounded once to float32, as ONNX Runtime does.
 * @throws Error if the number of scales does not fit the axis or its blocks.
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

/** Returns a function from a value's index before, on and after the axis to the index of its scale. */
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
