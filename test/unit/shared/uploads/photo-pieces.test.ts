import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countPieces,
  createPieceCollector,
  cutIntoPieces,
  PIECE_BYTES,
} from '../../../../src/shared/uploads/photo-pieces.js';

const photo = randomBytes(3 * PIECE_BYTES);
/** Around the places at which a piece ends or grows. */
const sizes = fc.oneof(
  fc.integer({ min: 0, max: photo.length }),
  fc.constantFrom(0, 1, 16_384, 16_385, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, photo.length),
);

describe('the pieces of a photo', () => {
  it('are the same however its bytes arrive, and all but the last are full', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1_000, max: 200_000 }), (size, step) => {
        const bytes = photo.subarray(0, size);
        const collector = createPieceCollector();
        for (let start = 0; start < size; start += step) collector.add(bytes.subarray(start, start + step));
        const pieces = collector.pieces();

        expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
        expect(collector.size()).toBe(size);
        const lengths = pieces.map(({ length }) => length);
        expect(lengths).toEqual(cutIntoPieces(bytes).map(({ length }) => length));
        expect(pieces).toHaveLength(countPieces(size));
        expect(lengths.slice(0, -1).every((length) => length === PIECE_BYTES)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
