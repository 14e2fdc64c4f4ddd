import { VerificationError } from '../../../shared/errors.js';

/**
 * Returns the cosine of two embeddings, -1..1, higher = more alike, in double precision. They need not have length 1.
 * @throws model_failure if they are empty or differ in length, or if either has a number that is not finite or is a zero
 *   vector: a broken embedding must never become a decision.
 */
export function compareEmbeddings(probe: Float32Array, reference: Float32Array): number {
  if (probe.length === 0 || probe.length !== reference.length) {
    throw new VerificationError('model_failure', { context: { reason: 'embedding_length' } });
  }
  let dot = 0;
  let probeSquare = 0;
  let referenceSquare = 0;
  for (let i = 0; i < probe.length; i++) {
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
