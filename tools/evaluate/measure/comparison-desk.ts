/** Comparisons that wait for their photos, by number. */
export interface OpenComparisons {
  /** Numbers of the open comparisons. */
  readonly open: Iterable<number>;
  /** Photos of a comparison. */
  readonly photosOf: (comparison: number) => readonly number[];
  /** Whether a photo will be delivered; of any other it is known that it has no embedding. */
  readonly isExpected: (photo: number) => boolean;
  /** Told once for each comparison when all its photos are there; undefined stands for a photo without an embedding. */
  readonly onComplete: (comparison: number, embeddings: readonly (Float32Array | undefined)[]) => void;
}

/** Holds embeddings in memory for as long as an open comparison needs them, and no longer. */
export interface ComparisonDesk {
  /** Hands in a photo; each expected one is handed in once. */
  deliver(photo: number, embedding: Float32Array | undefined): void;
  /** Number of embeddings held now. */
  readonly held: number;
}

/** Returns a desk that has every open comparison and no photo yet. */
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
