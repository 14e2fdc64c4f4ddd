import { hash } from 'node:crypto';
import type { ImageName } from '../../shared/contract/compare-request.js';
import { toVerificationError, type VerificationError } from '../../shared/errors.js';
import type { PhotoSource } from '../images/load-image.js';
import type { FaceAnalysis } from '../vision/types.js';

export interface AnalysisRequest {
  readonly role: 'probe' | 'reference';
  /** Gives up a photo that waits for its analysis. */
  readonly signal: AbortSignal;
  /**
   * Resolves once the decision waits for this photo; until then only a process that would otherwise be idle analyses it.
   * Absent: the decision waits for it from the start.
   */
  readonly needed?: Promise<void> | undefined;
}

/** How photos are loaded and analysed. */
export interface PhotoSteps {
  readonly loadImage: (source: PhotoSource, signal: AbortSignal) => Promise<Uint8Array>;
  readonly analyse: (bytes: Uint8Array, request: AnalysisRequest) => Promise<FaceAnalysis>;
  /** True if the digest of an unusable photo is wanted too. Takes 1.7 ms for each megabyte of it. */
  readonly keepsDigests?: boolean | undefined;
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
  | {
      readonly usable: false;
      readonly error: VerificationError;
      /** SHA-256 of the encoded photo, hex, if `keepsDigests` and the photo was fetched. */
      readonly contentDigest?: string | undefined;
    };

/** The results known so far: an absent photo is pending, or was skipped because the decision did not need it. */
export type PhotoResults = Readonly<Partial<Record<ImageName, PhotoResult>>>;

export interface PhotoTask {
  readonly name: ImageName;
  readonly source: PhotoSource;
  readonly steps: PhotoSteps;
  readonly signal: AbortSignal;
  /** Called once the photo is there. Returns what `AnalysisRequest.needed` is to be. */
  readonly onFetched: () => Promise<void> | undefined;
}

/** Loads and analyses one photo and overwrites its bytes with zeros. Never rejects: errors are a result too. */
export async function analysePhoto({
  name,
  source,
  steps,
  signal,
  onFetched,
}: PhotoTask): Promise<PhotoResult> {
  try {
    const startedAt = performance.now();
    const bytes = await steps.loadImage(source, signal);
    const fetchMs = performance.now() - startedAt;
    try {
      signal.throwIfAborted();
      const role = name === 'back_image' ? 'reference' : 'probe';
      const analysis = await steps.analyse(bytes, { role, signal, needed: onFetched() });
      return { usable: true, analysis, fetchMs, bytes: bytes.length };
    } catch (error) {
      const contentDigest = steps.keepsDigests ? hash('sha256', bytes) : undefined;
      return { usable: false, error: toVerificationError(error), contentDigest };
    } finally {
      bytes.fill(0);
    }
  } catch (error) {
    return { usable: false, error: toVerificationError(error) };
  }
}
