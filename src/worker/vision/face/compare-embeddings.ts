import { VerificationError } from '../../../shared/errors.js';

/** Components of an embedding of the ArcFace family. */
export const EMBEDDING_LENGTH = 512;

/**
 * Returns the cosine of two embeddings, -1..1, higher = more alike, in double precision. They need not have length 1.
 * @throws model_failure if either does not consist of EMBEDDING_LENGTH finite numbers or is a zero vector: a broken
 *   embedding must never become a decision.
 */
export function compareEmbeddings(probe: Float32Array, reference: Float32Array): number {
  if (probe.length !== EMBEDDING_LENGTH || reference.length !== EMBEDDING_LENGTH) {
    throw new VerificationError('model_failure', { context: { reason: 'embedding_length' } });
  }
  let dot = 0;
  let probeSquare = 0;
  let referenceSquare = 0;
  for (let i = 0; i < EMBEDDING_LENGTH; i++) {
    const p = probe[i]!;
    const r = reference[i]!;
    dot += p * r;
    probeSquare += p * p;
    referenceSquare += r * r;
  }
  // Two separate roots: the product of two huge squares would overflow to Infinity and give a cosine of 0.
  const cosine = dot / (Math.sqrt(probeSquare) * Math.sqrt(referenceSquare));
  if (!Number.isFinite(cosine)) {
    throw new VerificationError('model_failure', { context: { reason: 'embedding_not_comparable' } });
  }
  // Rounding can exceed the range by a few ulps.
  return Math.min(1, Math.max(-1, cosine));
}
