/** Comparisons waiting for their photos, by number. */
export interface OpenComparisons {
  /** Numbers of the open comparisons. */
  readonly open: Iterable<number>;
  /** Photos of a comparison. */
  readonly photosOf: (comparison: number) => readonly number[];
  /** True if a photo will be delivered. Any other photo is known to have no embedding. */
  readonly isExpected: (photo: number) => boolean;
  /** Called once for each comparison when all its photos have arrived. Undefined: a photo without an embedding. */
  readonly onComplete: (comparison: number, embeddings: readonly (Float32Array | undefined)[]) => void;
}

/** Holds embeddings in memory only as long as an open comparison needs them. */
export interface ComparisonDesk {
  /** Delivers a photo. Each expected photo is delivered once. */
  deliver(photo: number, embedding: Float32Array | undefined): void;
  /** Number of embeddings in memory. */
  readonly held: number;
}

/** Returns a desk with every open comparison and no photos. */
export function createComparisonDesk(comparisons: OpenComparisons): ComparisonDesk {
  const { open, photosOf, isExpected, onComplete } = comparisons;
  const waiting = new Map<number, number[]>();
  const missing = new Map<number, number>();
  const uses = new Map<number, number>();
  const embeddings = new Map<number, Float32Array>();
  for (const comparison of open) {
    const expected = photosOf(comparison).filter(isExpected);
    missing.set(comparison, expected.length);
    for (const photo of expected) {
      const list = waiting.get(photo);
      if (list) list.push(comparison);
      else waiting.set(photo, [comparison]);
      uses.set(photo, (uses.get(photo) ?? 0) + 1);
    }
  }
  const release = (photo: number): void => {
    const left = (uses.get(photo) ?? 0) - 1;
    uses.set(photo, left);
    if (left <= 0) embeddings.delete(photo);
  };
  return {
    deliver: (photo, embedding) => {
      if (embedding && (uses.get(photo) ?? 0) > 0) embeddings.set(photo, embedding);
      for (const comparison of waiting.get(photo) ?? []) {
        const left = (missing.get(comparison) ?? 0) - 1;
        missing.set(comparison, left);
        if (left > 0) continue;
        missing.delete(comparison);
        const photos = photosOf(comparison);
        onComplete(
          comparison,
          photos.map((each) => embeddings.get(each)),
        );
        for (const each of photos) release(each);
      }
      waiting.delete(photo);
    },
    get held() {
      return embeddings.size;
    },
  };
}
