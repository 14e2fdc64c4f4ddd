/**
 * Size of every piece of a photo but its last, bytes. Photos are received, hashed, encrypted and stored piece by piece: with
 * whole ones, each of these steps would occupy the event loop for milliseconds. Part of the layout in Redis.
 */
export const PIECE_BYTES = 131_072;
/** Room for a photo before it is known to be larger, bytes. */
const FIRST_BYTES = 16_384;

/** Collects bytes in pieces of `PIECE_BYTES`, of which only the last is shorter. */
export interface PieceCollector {
  /** Copies a chunk: kept, each of one byte would take a hundred. */
  add(chunk: Uint8Array): void;
  size(): number;
  /** Returns the pieces; one that is empty if there are no bytes. Each has memory of its own. */
  pieces(): readonly Buffer[];
}

export function createPieceCollector(): PieceCollector {
  const full: Buffer[] = [];
  let last = Buffer.allocUnsafeSlow(FIRST_BYTES);
  let filled = 0;
  const makeRoom = (): void => {
    if (last.length === PIECE_BYTES) {
      full.push(last);
      filled = 0;
    }
    const larger = Buffer.allocUnsafeSlow(PIECE_BYTES);
    larger.set(last.subarray(0, filled));
    if (filled > 0) last.fill(0);
    last = larger;
  };
  return {
    add: (chunk) => {
      for (let start = 0; start < chunk.length; ) {
        if (filled === last.length) makeRoom();
        const part = chunk.subarray(start, start + last.length - filled);
        last.set(part, filled);
        filled += part.length;
        start += part.length;
      }
    },
    size: () => full.length * PIECE_BYTES + filled,
    pieces: () => [...full, last.subarray(0, filled)],
  };
}

/** Returns views of the pieces of a photo; one that is empty if it has no bytes. */
export function cutIntoPieces(photo: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: countPieces(photo.length) }, (_, index) =>
    photo.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES),
  );
}

/** Returns the number of pieces of a photo of `size` bytes. */
export function countPieces(size: number): number {
  return Math.max(1, Math.ceil(size / PIECE_BYTES));
}
