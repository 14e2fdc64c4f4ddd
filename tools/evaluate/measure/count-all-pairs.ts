import { setImmediate } from 'node:timers/promises';
import type { PairCounter } from './pair-counter.js';

/** Photos whose embeddings are compared in one go: two such blocks fit into a processor's second-level cache. */
const BLOCK = 32;

export interface CountOptions {
  /** Of every photo that could be used. All have the same length. */
  readonly embeddings: ReadonlyMap<number, Float32Array>;
  readonly counter: Pick<PairCounter, 'add'>;
  readonly signal: AbortSignal;
}

/**
 * Compares every two photos that have an embedding, and counts each pair; two photos of one person are mated. The
 * similarities equal those of compareEmbeddings to the last bit.
 * @throws the signal's reason if it aborts.
 */
export async function countAllPairs(personOf: Uint32Array, options: CountOptions): Promise<void> {
  const { counter, signal } = options;
  const rows = [...options.embeddings].sort(([left], [right]) => left - right);
  const photos = rows.map(([photo]) => photo);
  const matrix = stackRows(rows.map(([, embedding]) => embedding));
  const similarities = new Float64Array(BLOCK);
  for (let top = 0; top < photos.length; top += BLOCK) {
    await setImmediate();
    signal.throwIfAborted();
    for (let left = top; left < photos.length; left += BLOCK) {
      for (let row = top; row < Math.min(top + BLOCK, photos.length); row++) {
        const from = Math.max(left, row + 1);
        const to = Math.min(left + BLOCK, photos.length);
        compareRow(matrix, { row, from, to }, similarities);
        for (let column = from; column < to; column++) {
          const [probe, reference] = [photos[row]!, photos[column]!];
          const mated = personOf[probe] === personOf[reference];
          counter.add({ probe, reference, mated }, similarities[column - from]!);
        }
      }
    }
  }
}

interface Matrix {
  /** The embeddings, one after another. */
  readonly numbers: Float64Array;
  readonly width: number;
  readonly norms: Float64Array;
}

function stackRows(rows: readonly Float32Array[]): Matrix {
  const width = rows[0]?.length ?? 0;
  const numbers = new Float64Array(rows.length * width);
  for (const [index, row] of rows.entries()) numbers.set(row, index * width);
  const norms = Float64Array.from(rows, (row) => {
    let square = 0;
    for (const value of row) square += value * value;
    return Math.sqrt(square);
  });
  return { numbers, width, norms };
}

interface Range {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** Writes the cosines of one row to the rows from … to − 1. Four sums at a time: each alone would wait for its own result. */
function compareRow(matrix: Matrix, { row, from, to }: Range, similarities: Float64Array): void {
  const { numbers, width, norms } = matrix;
  const start = row * width;
  for (let column = from; column < to; column += 4) {
    const a = column * width;
    const b = Math.min(column + 1, to - 1) * width;
    const c = Math.min(column + 2, to - 1) * width;
    const d = Math.min(column + 3, to - 1) * width;
    let first = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    for (let i = 0; i < width; i++) {
      const value = numbers[start + i]!;
      first += value * numbers[a + i]!;
      second += value * numbers[b + i]!;
      third += value * numbers[c + i]!;
      fourth += value * numbers[d + i]!;
    }
    const place = column - from;
    similarities[place] = first;
    if (column + 1 < to) similarities[place + 1] = second;
    if (column + 2 < to) similarities[place + 2] = third;
    if (column + 3 < to) similarities[place + 3] = fourth;
  }
  for (let column = from; column < to; column++) {
    const cosine = similarities[column - from]! / (norms[row]! * norms[column]!);
    similarities[column - from] = Math.min(1, Math.max(-1, cosine));
  }
}
