import { foldWeights } from './fold-weights.js';
import { freeInputSize } from './free-input-size.js';
import { rewritePrelu } from './rewrite-prelu.js';

/**
 * Returns the ONNX model in `source` as a vision process loads it: weights folded to float32, activations in words that
 * the processor is quick at, and with `freeInputSize` an input of any size. The same bytes give the same bytes on every
 * machine, so a manifest can name the result's digest. Undefined when nothing is to be done. `source` is only read.
 * @throws Error when the bytes are no ONNX file.
 */
export function deriveModel(
  source: Uint8Array,
  options: { readonly freeInputSize?: boolean | undefined } = {},
): Uint8Array | undefined {
  const folded = foldWeights(source);
  const freed = options.freeInputSize ? freeInputSize(folded ?? source) : folded;
  return rewritePrelu(freed ?? source) ?? freed;
}
