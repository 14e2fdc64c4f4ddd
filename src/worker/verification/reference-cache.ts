import { LRUCache } from 'lru-cache';
import { digestOf } from '../vision/digest.js';
import type { FaceAnalysis } from '../vision/types.js';

export interface ReferenceCacheOptions {
  /** References kept at most, at least 1; the one longest unused makes room. About 4 kB each. */
  readonly size: number;
  /** Life of an entry from its analysis on, however often it is used, ms. */
  readonly lifetimeMs: number;
  /** Told of every look-up. */
  readonly onLookup: (result: 'hit' | 'miss') => void;
}

/**
 * Analyses of reference photos, by the SHA-256 of their bytes, in this process' memory alone. Embeddings are biometric
 * data: nothing is kept longer than its lifetime, and what leaves is overwritten with zeros first.
 */
export interface ReferenceCache {
  /**
   * Returns the analysis of `bytes`: a copy of a kept one, without timings, or what `analyse` gives, which is then kept.
   * The caller owns what it gets and may overwrite it. A failed analysis is not kept.
   */
  analyse(bytes: Uint8Array, analyse: () => Promise<FaceAnalysis>): Promise<FaceAnalysis>;
  /** Forgets everything. */
  clear(): void;
}

/** Returns an empty cache. */
export function createReferenceCache({ size, lifetimeMs, onLookup }: ReferenceCacheOptions): ReferenceCache {
  const kept = new LRUCache<string, FaceAnalysis>({
    max: size,
    ttl: lifetimeMs,
    // Without it an entry that nobody asks for any more would outlive its time.
    ttlAutopurge: true,
    dispose: ({ embedding }) => embedding.fill(0),
  });
  return {
    analyse: async (bytes, analyse) => {
      const digest = digestOf(bytes);
      const known = kept.get(digest);
      onLookup(known ? 'hit' : 'miss');
      if (known) return { ...copyOf(known), timingsMs: {} };
      const analysis = await analyse();
      kept.set(digest, copyOf(analysis));
      return analysis;
    },
    clear: () => kept.clear(),
  };
}

function copyOf(analysis: FaceAnalysis): FaceAnalysis {
  return { ...analysis, embedding: analysis.embedding.slice() };
}
