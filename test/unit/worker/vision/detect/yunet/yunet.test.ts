import { describe, expect, it } from 'vitest';
import { decodeYunet, type NamedTensor } from '../../../../../../src/worker/vision/detect/yunet/yunet.js';

const INPUT = { width: 96, height: 64 };

/** Empty outputs of a network on INPUT. */
function emptyOutputs(): NamedTensor[] {
  return Object.entries({ cls: 1, obj: 1, bbox: 4, kps: 10 }).flatMap(([kind, numbers]) =>
    [8, 16, 32].map((stride) => {
      const cells = (INPUT.width / stride) * (INPUT.height / stride);
      const data = new Float32Array(cells * numbers);
      return { name: `${kind}_${stride}`, dims: [1, cells, numbers], data };
    }),
  );
}

interface Planted {
  readonly stride: 8 | 16 | 32;
  readonly cell: number;
  readonly scores?: readonly [number, number];
}

/** Puts one face in a cell: its centre a quarter right of and half below the corner, two cells wide and one high. */
function plant(outputs: readonly NamedTensor[], { stride, cell, scores = [0.81, 1] }: Planted): void {
  const put = (kind: string, numbers: readonly number[]) =>
    outputs.find(({ name }) => name === `${kind}_${stride}`)?.data.set(numbers, cell * numbers.length);
  put('cls', [scores[0]]);
  put('obj', [scores[1]]);
  put('bbox', [0.25, 0.5, Math.log(2), 0]);
  put('kps', [-0.5, 0.25, 1, 0.25, 0.25, 0.5, -0.25, 0.75, 0.75, 0.75]);
}

describe('decodeYunet', () => {
  it('places a face of stride 8 by hand: row 1, column 5', () => {
    const outputs = emptyOutputs();
    plant(outputs, { stride: 8, cell: 1 * 12 + 5 });

    const [face, ...others] = decodeYunet(outputs, INPUT, 0.5);

    expect(others).toEqual([]);
    expect(face?.score).toBeCloseTo(0.9, 6);
    expect(face?.box.x).toBeCloseTo(42 - 8, 5);
    expect(face?.box.y).toBeCloseTo(12 - 4, 5);
    expect(face?.box.width).toBeCloseTo(16, 5);
    expect(face?.box.height).toBeCloseTo(8, 5);
    expect([...(face?.landmarks ?? [])]).toEqual([36, 10, 48, 10, 42, 12, 38, 14, 46, 14]);
  });

  it('places faces of stride 16 and 32 by their own grids', () => {
    const outputs = emptyOutputs();
    plant(outputs, { stride: 16, cell: 2 * 6 + 3 });
    plant(outputs, { stride: 32, cell: 1 * 3 + 2 });

    const faces = decodeYunet(outputs, INPUT, 0.5);

    expect(faces.map(({ landmarks }) => landmarks[4])).toEqual([52, 72]);
    expect(faces.map(({ box }) => Math.round(box.width))).toEqual([32, 64]);
  });

  it('takes its outputs by name, in any order', () => {
    const outputs = emptyOutputs();
    plant(outputs, { stride: 8, cell: 17 });

    expect(decodeYunet(outputs.toReversed(), INPUT, 0.5)).toEqual(decodeYunet(outputs, INPUT, 0.5));
  });

  it('keeps a score that is just high enough and drops one below it', () => {
    const outputs = emptyOutputs();
    plant(outputs, { stride: 8, cell: 3, scores: [0.25, 1] });

    expect(decodeYunet(outputs, INPUT, 0.5)).toHaveLength(1);
    expect(decodeYunet(outputs, INPUT, 0.501)).toEqual([]);
  });

  it('limits both scores to 0..1 before it takes their mean', () => {
    const outputs = emptyOutputs();
    plant(outputs, { stride: 8, cell: 3, scores: [1.5, 0.64] });
    plant(outputs, { stride: 8, cell: 4, scores: [-1, -1] });

    expect(decodeYunet(outputs, INPUT, 0.5).map(({ score }) => score)).toEqual([expect.closeTo(0.8, 6)]);
  });

  it('drops a score that is not a number', () => {
    const outputs = emptyOutputs();
    plant(outputs, { stride: 8, cell: 3, scores: [Number.NaN, 1] });

    expect(decodeYunet(outputs, INPUT, 0)).not.toContainEqual(expect.objectContaining({ score: Number.NaN }));
  });

  it.each([
    ['misses one', emptyOutputs().slice(1), 'cls_8 has nothing'],
    [
      'has one of another size',
      emptyOutputs().map((output) =>
        output.name === 'kps_32' ? { ...output, data: new Float32Array(50) } : output,
      ),
      'kps_32 has 50 numbers instead of 60',
    ],
  ])('refuses a model that %s of its outputs', (_what, outputs, message) => {
    expect(() => decodeYunet(outputs, INPUT, 0.5)).toThrow(message);
  });
});
