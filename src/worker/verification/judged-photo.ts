import type { VerificationError } from '../../shared/errors.js';
import type { FaceAnalysis } from '../vision/types.js';

/** What a photo came to: a face, or why there is none. */
export type Judged =
  | {
      readonly usable: true;
      readonly analysis: FaceAnalysis;
      readonly fetchMs: number;
      readonly bytes: number;
    }
  | { readonly usable: false; readonly error: VerificationError };
