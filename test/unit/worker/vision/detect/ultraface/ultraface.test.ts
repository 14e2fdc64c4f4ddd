import { describe, expect, it } from 'vitest';
import {
  decodeUltraface,
  fivePointsOf68,
  landmarkSquare,
} from '../../../../../../src/worker/vision/detect/ultraface/ultraface.js';
import { transformPoints } from '../../../../../../src/worker/vision/face/similarity-transform.js';

const INPUT = { width: 320, height: 240 };

const scores = (...faces: number[]) => ({
  dims: [1, faces.length, 2],
  data: Float32Array.from(faces.flatMap((score) => [1 - score, score])),
});
const boxes = (...corners: number[][]) => ({
  dims: [1, corners.length, 4],
  data: Float32Array.from(corners.flat()),
});

describe('decodeUltraface', () => {
  it('reads the face column and scales corners to the input', () => {
    const outputs = [scores(0.9, 0.1), boxes([0.25, 0.5, 0.5, 0.75], [0, 0, 1, 1])];

    const faces = decodeUltraface(outputs, INPUT, 0.65);

    expect(faces).toEqual([{ box: { x: 80, y: 120, width: 80, height: 60 }, score: expect.closeTo(0.9, 6) }]);
  });

  it('reads the outputs in either order', () => {
    const outputs = [boxes([0, 0, 0.5, 0.5]), scores(0.8)];

    expect(decodeUltraface(outputs, INPUT, 0.65)).toHaveLength(1);
  });

  it('drops scores under the limit and NaN', () => {
    const outputs = [scores(0.6499, Number.NaN, 0.6501), boxes([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0.1, 0.1])];

    expect(decodeUltraface(outputs, INPUT, 0.65).map(({ box }) => Math.round(box.width))).toEqual([32]);
  });

  it('refuses other outputs', () => {
    expect(() => decodeUltraface([scores(0.9)], INPUT, 0.65)).toThrow('UltraFace');
    expect(() => decodeUltraface([scores(0.9, 0.8), boxes([0, 0, 1, 1])], INPUT, 0.65)).toThrow('UltraFace');
  });
});

describe('landmarkSquare', () => {
  it('spans 1.1 times the longer edge around the middle of the box', () => {
    const toPhoto = landmarkSquare({ x: 100, y: 200, width: 64, height: 128 }, 0);

    const corners = [...transformPoints(toPhoto, [-0.5, -0.5, 63.5, 63.5])];

    // Edges of pixels: middle (132, 264), half a side 70.4; positions count pixel centres.
    expect(corners.map((value) => value + 0.5)).toEqual(
      [61.6, 193.6, 202.4, 334.4].map((v) => expect.closeTo(v, 4)),
    );
  });

  it('turns about the middle of the box', () => {
    const box = { x: 100, y: 100, width: 64, height: 64 };
    const upright = transformPoints(landmarkSquare(box, 0), [31.5, 31.5, 63, 31.5]);
    const turned = transformPoints(landmarkSquare(box, Math.PI / 2), [31.5, 31.5, 63, 31.5]);

    expect(turned[0]).toBeCloseTo(upright[0] ?? 0, 4);
    expect(turned[1]).toBeCloseTo(upright[1] ?? 0, 4);
    // What lay to the right of the middle now lies below it.
    expect(turned[2]).toBeCloseTo(upright[0] ?? 0, 4);
    expect(turned[3]).toBeCloseTo((upright[1] ?? 0) + (upright[2] ?? 0) - (upright[0] ?? 0), 4);
  });
});

describe('fivePointsOf68', () => {
  it('takes the means of eye and mouth points and the tip of the nose', () => {
    const output = new Float32Array(136);
    const put = (index: number, x: number, y: number) => output.set([x / 64, y / 64], index * 2);
    put(37, 10, 20);
    put(38, 14, 20);
    put(40, 14, 24);
    put(41, 10, 24);
    for (const index of [43, 44, 46, 47]) put(index, 40, 22);
    put(30, 26, 34);
    put(48, 14, 50);
    put(60, 16, 50);
    put(54, 38, 50);
    put(64, 36, 52);

    const points = [...fivePointsOf68(output)];

    expect(points).toEqual([12, 22, 40, 22, 26, 34, 15, 50, 37, 51].map((value) => expect.closeTo(value, 5)));
  });

  it('refuses another number of points', () => {
    expect(() => fivePointsOf68(new Float32Array(212))).toThrow('68 points');
  });
});
