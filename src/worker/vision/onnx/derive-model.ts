import { foldWeights } from './fold-weights.js';
import { freeInputSize } from './free-input-size.js';
import { rewritePrelu } from './rewrite-prelu.js';

/**
 * Returns the ONNX model in `source` in the form that a vision process loads: weights folded to float32, activations
 * rewritten for speed, and with `freeInputSize` an input of any size. The result is the same on every machine, so a
 * manifest can name its digest. Undefined if nothing changes. `source` is only read.
 * @throws Error if the bytes are not an ONNX file.
 */
export function deriveModel(
  source: Uint8Array,
  options: { readonly freeInputSize?: boolean | undefined } = {},
): Uint8Array | undefined {
  const folded = foldWeights(source);
  const freed = options.freeInputSize ? freeInputSize(folded ?? source) : folded;
  return rewritePrelu(freed ?? source) ?? freed;
}
