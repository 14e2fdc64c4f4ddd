import type { ImageName } from '../../shared/contract/compare-request.js';
import { toVerificationError, type VerificationError } from '../../shared/errors.js';
import type { FaceAnalysis } from '../vision/types.js';

/** How photos are fetched and analysed. */
export interface PhotoSteps {
  readonly fetchImage: (url: string, signal: AbortSignal) => Promise<Uint8Array>;
  readonly analyse: (
    bytes: Uint8Array,
    role: 'probe' | 'reference',
    signal: AbortSignal,
  ) => Promise<FaceAnalysis>;
}

/** The result for one photo: the analysis of its face, or the error that made it unusable. */
export type PhotoResult =
  | {
      readonly usable: true;
      readonly analysis: FaceAnalysis;
      readonly fetchMs: number;
      /** Size of the encoded photo. */
      readonly bytes: number;
    }
  | { readonly usable: false; readonly error: VerificationError };

export type PhotoResults = Readonly<Record<ImageName, PhotoResult>>;

export interface PhotoSource {
  readonly name: ImageName;
  readonly url: string;
}

/** Fetches and analyses one photo and overwrites its bytes with zeros. Never rejects: errors are a result too. */
export async function analysePhoto(
  { name, url }: PhotoSource,
  steps: PhotoSteps,
  signal: AbortSignal,
): Promise<PhotoResult> {
  try {
    const startedAt = performance.now();
    const bytes = await steps.fetchImage(url, signal);
    const fetchMs = performance.now() - startedAt;
    signal.throwIfAborted();
    try {
      const analysis = await steps.analyse(bytes, name === 'back_image' ? 'reference' : 'probe', signal);
      return { usable: true, analysis, fetchMs, bytes: bytes.length };
    } finally {
      bytes.fill(0);
    }
  } catch (error) {
    return { usable: false, error: toVerificationError(error) };
  }
}
