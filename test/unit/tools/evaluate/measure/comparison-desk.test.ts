import { describe, expect, it } from 'vitest';
import { createComparisonDesk } from '../../../../../tools/evaluate/measure/comparison-desk.js';

const embedding = (value: number): Float32Array => Float32Array.of(value);

describe('createComparisonDesk', () => {
  const PAIRS = [
    [0, 1],
    [1, 2],
    [3, 0],
  ];
  const open = (expected: readonly number[]) => {
    const completed: [number, (number | undefined)[]][] = [];
    const desk = createComparisonDesk({
      open: PAIRS.keys(),
      photosOf: (comparison) => PAIRS[comparison] ?? [],
      isExpected: (photo) => expected.includes(photo),
      onComplete: (comparison, embeddings) =>
        completed.push([comparison, embeddings.map((each) => each?.[0])]),
    });
    return { desk, completed };
  };

  it('completes a comparison as soon as its last photo arrives, with its photos in order', () => {
    const { desk, completed } = open([0, 1, 2, 3]);

    desk.deliver(1, embedding(11));
    desk.deliver(0, embedding(10));

    expect(completed).toEqual([[0, [10, 11]]]);
  });

  it('drops each embedding after its last comparison', () => {
    const { desk } = open([0, 1, 2, 3]);

    const held = [0, 1, 2, 3].map((photo) => {
      desk.deliver(photo, embedding(photo));
      return desk.held;
    });

    expect(held).toEqual([1, 2, 1, 0]);
  });

  it('completes with undefined for an unusable photo', () => {
    const { desk, completed } = open([0, 1, 2, 3]);

    desk.deliver(0, embedding(10));
    desk.deliver(1, undefined);

    expect(completed).toEqual([[0, [10, undefined]]]);
  });

  it('does not wait for a photo that failed before', () => {
    const { desk, completed } = open([0, 1, 2]);

    desk.deliver(0, embedding(10));

    expect(completed).toEqual([[2, [undefined, 10]]]);
    expect(desk.held).toBe(1);
  });

  it('does not keep a photo that no comparison needs', () => {
    const { desk } = open([0, 1, 2, 3, 4]);

    desk.deliver(4, embedding(1));

    expect(desk.held).toBe(0);
  });
});
