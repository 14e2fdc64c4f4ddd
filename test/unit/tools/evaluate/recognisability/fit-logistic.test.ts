import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../../tools/evaluate/plan/random.js';
import { fitLogistic } from '../../../../../tools/evaluate/recognisability/fit-logistic.js';

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** Rows of two numbers and the bias. */
function drawRows(count: number): Float64Array[] {
  const random = createRandom(7);
  return Array.from({ length: count }, () => Float64Array.of(random() * 4 - 2, random() * 4 - 2, 1));
}

const product = (row: Float64Array, weights: ArrayLike<number>) =>
  row.reduce((sum, value, index) => sum + value * weights[index]!, 0);

describe('fitLogistic', () => {
  it('finds the weights that the targets were made with', () => {
    const wanted = [1.5, -0.7, 0.3];
    const rows = drawRows(20_000);

    const weights = fitLogistic(rows, { targets: rows.map((row) => sigmoid(product(row, wanted))) });

    wanted.forEach((value, index) => {
      expect(weights[index]).toBeCloseTo(value, 2);
    });
  });

  it('ends where the slope of the penalised likelihood is zero', () => {
    const rows = drawRows(300);
    const targets = rows.map((row, index) => (row[0]! > 0.2 || index % 5 === 0 ? 1 : 0));

    const weights = fitLogistic(rows, { targets });

    for (const column of [0, 1, 2]) {
      const slope = rows.reduce(
        (sum, row, index) => sum + (targets[index]! - sigmoid(product(row, weights))) * row[column]!,
        column === 2 ? 0 : -weights[column]!,
      );
      expect(Math.abs(slope)).toBeLessThan(0.05);
    }
  });

  it('keeps the weights finite where one column separates the targets without error', () => {
    const rows = drawRows(200);

    const weights = fitLogistic(rows, { targets: rows.map(([first]) => (first! > 0 ? 1 : 0)) });

    expect(weights.every(Number.isFinite)).toBe(true);
    expect(weights[0]).toBeGreaterThan(2);
    expect(Math.abs(weights[1]!)).toBeLessThan(1);
  });

  it('gives a column without information no weight', () => {
    const rows = drawRows(500).map(([first]) => Float64Array.of(first!, 0, 1));

    const weights = fitLogistic(rows, { targets: rows.map(([first]) => sigmoid(first!)) });

    expect(weights[1]).toBe(0);
  });

  it('weighs a row by its count', () => {
    const rows = drawRows(200);
    const targets = rows.map(([first, second]) => (first! + second! > 0.5 ? 1 : 0));
    const isTwice = (index: number) => index % 3 === 0;

    const counted = fitLogistic(rows, { targets, counts: rows.map((_, index) => (isTwice(index) ? 2 : 1)) });
    const repeated = fitLogistic([...rows, ...rows.filter((_, index) => isTwice(index))], {
      targets: [...targets, ...targets.filter((_, index) => isTwice(index))],
    });

    counted.forEach((weight, index) => {
      expect(weight).toBeCloseTo(repeated[index]!, 6);
    });
  });
});
