import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeScrfd, hasScrfdOutputs } from '../../../../../../src/worker/vision/detect/scrfd/scrfd.js';
import type { NumericTensor } from '../../../../../../src/worker/vision/onnx/onnx-session.js';

const INPUT = { width: 96, height: 64 };
const STRIDES = [8, 16, 32] as const;

/** Empty outputs of a network with two anchors a cell, in InsightFace's order: scores, boxes, points. */
function emptyOutputs(withBatchAxis = false): NumericTensor[] {
  return [1, 4, 10].flatMap((channels) =>
    STRIDES.map((stride) => {
      const rows = (INPUT.width / stride) * (INPUT.height / stride) * 2;
      const dims = withBatchAxis ? [1, rows, channels] : [rows, channels];
      return { dims, data: new Float32Array(rows * channels) };
    }),
  );
}

/** Puts one face at an anchor of a level (0: stride 8). */
function plant(outputs: NumericTensor[], level: number, row: number, score = 0.9): void {
  const [scores, boxes, points] = [outputs[level], outputs[level + 3], outputs[level + 6]];
  scores?.data.set([score], row);
  boxes?.data.set([1, 2, 3, 4], row * 4);
  points?.data.set([-1, -0.5, 1, -0.5, 0, 0.25, -0.75, 1, 0.75, 1], row * 10);
}

describe('decodeScrfd', () => {
  it('places a face of stride 8 by hand: anchor 2 of row 1, column 5', () => {
    const outputs = emptyOutputs();
    plant(outputs, 0, (1 * 12 + 5) * 2 + 1);

    const [face, ...others] = decodeScrfd(outputs, INPUT, 0.5);

    expect(others).toEqual([]);
    expect(face?.score).toBeCloseTo(0.9, 6);
    expect(face?.box).toEqual({ x: 40 - 8, y: 8 - 16, width: 8 + 24, height: 16 + 32 });
    expect([...(face?.landmarks ?? [])]).toEqual([32, 4, 48, 4, 40, 10, 34, 16, 46, 16]);
  });

  it('places faces of stride 16 and 32 by their own grids', () => {
    const outputs = emptyOutputs();
    plant(outputs, 1, (2 * 6 + 3) * 2);
    plant(outputs, 2, (1 * 3 + 2) * 2);

    const faces = decodeScrfd(outputs, INPUT, 0.5);

    expect(faces.map(({ box }) => box)).toEqual([
      { x: 48 - 16, y: 32 - 32, width: 64, height: 96 },
      { x: 64 - 32, y: 32 - 64, width: 128, height: 192 },
    ]);
    expect(faces[1]?.landmarks[5]).toBe(32 + 0.25 * 32);
  });

  it('takes a score of exactly the limit and drops the next smaller one and NaN', () => {
    const outputs = emptyOutputs();
    plant(outputs, 0, 0, 0.5);
    plant(outputs, 0, 4, 0.49999);
    plant(outputs, 0, 8, Number.NaN);

    expect(decodeScrfd(outputs, INPUT, 0.5)).toHaveLength(1);
  });

  it('reads the same from any order of outputs, with or without a batch axis', () => {
    const expected = emptyOutputs();
    plant(expected, 1, 7);
    const faces = decodeScrfd(expected, INPUT, 0.5);

    fc.assert(
      fc.property(
        fc.boolean(),
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8], { minLength: 9 }),
        (axis, order) => {
          const outputs = emptyOutputs(axis);
          plant(outputs, 1, 7);
          const shuffled = order.map((index) => outputs[index]).filter((output) => output !== undefined);

          expect(decodeScrfd(shuffled, INPUT, 0.5)).toEqual(faces);
        },
      ),
    );
  });

  it('reads a network with one anchor per cell', () => {
    const outputs = [1, 4, 10].flatMap((channels) =>
      STRIDES.map((stride) => {
        const rows = (INPUT.width / stride) * (INPUT.height / stride);
        return { dims: [rows, channels], data: new Float32Array(rows * channels) };
      }),
    );
    plant(outputs, 0, 1 * 12 + 5);

    expect(decodeScrfd(outputs, INPUT, 0.5)[0]?.box).toEqual({ x: 32, y: -8, width: 32, height: 48 });
  });

  it('reads a network with five levels, strides 64 and 128 the last', () => {
    const input = { width: 256, height: 128 };
    const outputs = [1, 4, 10].flatMap((channels) =>
      [8, 16, 32, 64, 128].map((stride) => {
        const rows = (input.width / stride) * (input.height / stride);
        return { dims: [rows, channels], data: new Float32Array(rows * channels) };
      }),
    );
    for (const [level, row] of [
      [3, 1 * 4 + 2],
      [4, 1],
    ] as const) {
      outputs[level]?.data.set([0.9], row);
      outputs[level + 5]?.data.set([1, 1, 1, 1], row * 4);
    }

    const faces = decodeScrfd(outputs, input, 0.5);

    expect(faces.map(({ box }) => box)).toEqual([
      { x: 128 - 64, y: 64 - 64, width: 128, height: 128 },
      { x: 128 - 128, y: 0 - 128, width: 256, height: 256 },
    ]);
  });

  it('refuses outputs that are not those of an SCRFD with five points', () => {
    const outputs = emptyOutputs();

    expect(() => decodeScrfd(outputs.slice(0, 6), INPUT, 0.5)).toThrow('five points');
    expect(() => decodeScrfd([], INPUT, 0.5)).toThrow('five points');
  });

  it('refuses outputs in addition to those of an SCRFD, and counts of outputs that no SCRFD has', () => {
    const outputs = emptyOutputs();
    const [scores, , , boxes, , , points] = outputs;
    if (!scores || !boxes || !points) throw new Error('there are nine outputs');
    const other = { dims: [5, 7], data: new Float32Array(35) };
    const sixLevels = [scores, boxes, points].flatMap((output) => Array<NumericTensor>(6).fill(output));

    expect(() => decodeScrfd([...outputs, other], INPUT, 0.5)).toThrow('five points');
    expect(() => decodeScrfd(outputs.with(6, boxes), INPUT, 0.5)).toThrow('five points');
    expect(() => decodeScrfd(sixLevels, INPUT, 0.5)).toThrow('five points');
  });

  it('refuses outputs that do not fit the size of the input', () => {
    expect(() => decodeScrfd(emptyOutputs(), { width: 96, height: 96 }, 0.5)).toThrow('do not fit');
  });

  it('refuses scores, boxes and points of different numbers', () => {
    const outputs = emptyOutputs();
    const [first, ...others] = outputs;
    const short = (channels: number) => ({ dims: [10, channels], data: new Float32Array(10 * channels) });
    const withShort = (index: number, channels: number) => outputs.with(index, short(channels));

    expect(first).toBeDefined();
    expect(() => decodeScrfd([short(1), ...others], INPUT, 0.5)).toThrow('differ in number');
    expect(() => decodeScrfd(withShort(3, 4), INPUT, 0.5)).toThrow('differ in number');
    expect(() => decodeScrfd(withShort(6, 10), INPUT, 0.5)).toThrow('differ in number');
  });
});

describe('hasScrfdOutputs', () => {
  const shapes = (...channels: number[]) => channels.map((count) => [null, count]);

  it('recognises nine or fifteen outputs of one, four and ten channels', () => {
    expect(hasScrfdOutputs(shapes(1, 1, 1, 4, 4, 4, 10, 10, 10))).toBe(true);
    expect(hasScrfdOutputs([1, 4, 10].flatMap((channels) => shapes(...Array(5).fill(channels))))).toBe(true);
    expect(hasScrfdOutputs([1, 4, 10].flatMap((channels) => Array(3).fill([1, null, channels])))).toBe(true);
  });

  it('does not recognise a detector without points, a recogniser or a landmark model', () => {
    expect(hasScrfdOutputs(shapes(1, 1, 1, 4, 4, 4))).toBe(false);
    expect(hasScrfdOutputs(shapes(512))).toBe(false);
    expect(hasScrfdOutputs(shapes(1, 1, 1, 1, 1, 4, 10, 10, 10))).toBe(false);
    expect(hasScrfdOutputs(shapes(1, 1, 1, 1, 1, 4, 4, 10, 10))).toBe(false);
    expect(hasScrfdOutputs(shapes(1, 1, 1, 4, 4, 4, 4, 10, 10))).toBe(false);
    expect(hasScrfdOutputs(shapes(1, 1, 4, 4, 10, 10))).toBe(false);
    expect(hasScrfdOutputs(shapes(212))).toBe(false);
  });
});
