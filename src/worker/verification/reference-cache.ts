import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { FaceAnalysis } from '../vision/types.js';

export interface ReferenceCacheOptions {
  /** Most references kept, at least 1, about 4 kB each. The least recently used one is evicted. */
  readonly size: number;
  /** Life of an entry from its analysis, however often it is used, ms. */
  readonly lifetimeMs: number;
  /** Called on every look-up. */
  readonly onLookup: (result: 'hit' | 'miss') => void;
}

/**
 * Analyses of reference photos by the SHA-256 of their bytes, only in the memory of this process. Embeddings are
 * biometric data: nothing is kept longer than its lifetime, and evicted embeddings are overwritten with zeros.
 */
export interface ReferenceCache {
  /**
   * Returns the analysis of `bytes`: a copy of a cached one, without timings, or the result of `analyse`, which is then
   * cached. The caller owns the result and may overwrite it. A failed analysis is not cached.
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
    // Without it an entry that is never read again would outlive its time.
    ttlAutopurge: true,
    dispose: ({ embedding }) => embedding.fill(0),
  });
  return {
    analyse: async (bytes, analyse) => {
      const digest = hash('sha256', bytes);
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
