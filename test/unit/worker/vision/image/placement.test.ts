import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  mapToPhoto,
  placeLikeInsightFace,
  placeTopLeft,
  turnedSize,
} from '../../../../../src/worker/vision/image/placement.js';
import type { FaceDetection } from '../../../../../src/worker/vision/types.js';

const turns = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const);
const length = fc.integer({ min: 1, max: 5000 });

const faceAt = (x: number, y: number): FaceDetection => ({
  box: { x, y, width: 10, height: 20 },
  score: 0.8,
  landmarks: Float32Array.of(x, y, x + 10, y, x + 5, y + 10, x, y + 20, x + 10, y + 20),
});

describe('turnedSize', () => {
  it('swaps the sides at one and three quarters', () => {
    const sizes = ([0, 1, 2, 3] as const).map((quarterTurns) =>
      turnedSize({ width: 3, height: 2 }, quarterTurns),
    );

    expect(sizes.map(({ width, height }) => `${width} × ${height}`)).toEqual([
      '3 × 2',
      '2 × 3',
      '3 × 2',
      '2 × 3',
    ]);
  });
});

describe('placeTopLeft', () => {
  it('scales the longer edge to the requested length and keeps the aspect ratio', () => {
    const canvas = { width: 320, height: 240 };

    const placement = placeTopLeft(
      { width: 1000, height: 500 },
      { canvas, longEdgePx: 320, quarterTurns: 0 },
    );

    expect(placement).toMatchObject({ content: { width: 320, height: 160 }, offsetX: 0, offsetY: 0 });
    expect(placement.stepX).toBe(3.125);
  });

  it('never makes a side vanish', () => {
    fc.assert(
      fc.property(length, length, turns, (width, height, quarterTurns) => {
        const canvas = { width: 256, height: 256 };
        const { content } = placeTopLeft({ width, height }, { canvas, longEdgePx: 256, quarterTurns });

        expect(Math.max(content.width, content.height)).toBe(256);
        expect(Math.min(content.width, content.height)).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});

describe('placeLikeInsightFace', () => {
  it('cuts the shorter side to whole pixels and maps both axes by the height', () => {
    const placement = placeLikeInsightFace({ width: 1920, height: 1280 }, 640);

    expect(placement).toEqual({
      canvas: { width: 640, height: 640 },
      content: { width: 640, height: 426 },
      offsetX: 0,
      offsetY: 0,
      quarterTurns: 0,
      stepX: 1280 / 426,
      stepY: 1280 / 426,
    });
  });

  it('keeps one pixel of a photo as thin as a line', () => {
    expect(placeLikeInsightFace({ width: 1, height: 2000 }, 640).content).toEqual({ width: 1, height: 640 });
    expect(placeLikeInsightFace({ width: 2000, height: 1 }, 640).content).toEqual({ width: 640, height: 1 });
  });

  it('gives an upright photo the full height', () => {
    expect(placeLikeInsightFace({ width: 1000, height: 1500 }, 640).content).toEqual({
      width: 426,
      height: 640,
    });
  });
});

describe('mapToPhoto', () => {
  it('takes the corners of each turned canvas to those of the photo, worked out by hand', () => {
    const photo = { width: 100, height: 60 };
    const corner = (quarterTurns: 0 | 1 | 2 | 3) => {
      const canvas = turnedSize(photo, quarterTurns);
      const placement = placeTopLeft(photo, { canvas, longEdgePx: 100, quarterTurns });
      return mapToPhoto(faceAt(0, 0), placement, photo);
    };

    expect(corner(0).box).toEqual({ x: 0, y: 0, width: 10, height: 20 });
    expect(corner(1).box).toEqual({ x: 0, y: 50, width: 20, height: 10 });
    expect(corner(2).box).toEqual({ x: 90, y: 40, width: 10, height: 20 });
    expect(corner(3).box).toEqual({ x: 80, y: 0, width: 20, height: 10 });
    expect([...corner(1).landmarks.subarray(0, 4)]).toEqual([0, 60, 0, 50]);
  });

  it('undoes offset and scale', () => {
    const photo = { width: 400, height: 400 };
    const placement = {
      ...placeTopLeft(photo, { canvas: photo, longEdgePx: 200, quarterTurns: 0 }),
      offsetX: -30,
      offsetY: 10,
    };

    expect(mapToPhoto(faceAt(5, 15), placement, photo).box).toEqual({ x: 70, y: 10, width: 20, height: 40 });
  });

  it('keeps score and area under every turn', () => {
    fc.assert(
      fc.property(length, length, turns, (width, height, quarterTurns) => {
        const photo = { width, height };
        const longEdgePx = Math.max(width, height);
        const canvas = turnedSize(photo, quarterTurns);
        const placement = placeTopLeft(photo, { canvas, longEdgePx, quarterTurns });

        const { box, score } = mapToPhoto(faceAt(3, 4), placement, photo);

        expect(score).toBe(0.8);
        expect(box.width * box.height).toBeCloseTo(200, 6);
      }),
    );
  });
});
