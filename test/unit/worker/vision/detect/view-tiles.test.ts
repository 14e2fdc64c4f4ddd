import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOfTile, tilesOf } from '../../../../../src/worker/vision/detect/view-tiles.js';
import { type Placement, placeTopLeft } from '../../../../../src/worker/vision/image/placement.js';
import { evenNumber } from '../../../../support/fuzz/arbitraries.js';

const CANVAS = { width: 320, height: 240 };

const place = (width: number, height: number, longEdgePx: number): Placement =>
  placeTopLeft({ width, height }, { canvas: CANVAS, longEdgePx, quarterTurns: 0 });

const contents = fc
  .tuple(fc.integer({ min: 1, max: 1500 }), fc.integer({ min: 1, max: 1500 }))
  .map(([width, height]) => place(width, height, Math.max(width, height)));

describe('tilesOf', () => {
  it('is the placement itself when the content fits', () => {
    const whole = place(320, 240, 320);

    expect(tilesOf(whole)).toEqual([whole]);
  });

  it('covers 640 × 480 with three by three tiles from corner to corner', () => {
    const offsets = tilesOf(place(640, 480, 640)).map(({ offsetX, offsetY }) => [0 - offsetX, 0 - offsetY]);

    expect(offsets).toEqual([0, 120, 240].flatMap((y) => [0, 160, 320].map((x) => [x, y])));
  });

  it('shows every place of the content, and every face of up to 72 px whole in some tile', () => {
    const part = evenNumber(0, 1);

    fc.assert(
      fc.property(contents, part, part, (whole, u, v) => {
        const size = Math.min(72, whole.content.width, whole.content.height);
        const x = u * (whole.content.width - size);
        const y = v * (whole.content.height - size);

        const showing = tilesOf(whole).filter(
          ({ offsetX, offsetY }) =>
            x + offsetX >= 0 &&
            y + offsetY >= 0 &&
            x + size + offsetX <= CANVAS.width &&
            y + size + offsetY <= CANVAS.height,
        );

        expect(showing.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('isOfTile', () => {
  const [first, , last] = tilesOf(place(640, 240, 640));

  it('leaves a face cut by the border of a tile to the next', () => {
    if (!first || !last) throw new Error('this is a bug: too few tiles');

    expect(isOfTile({ x: 260, y: 50, width: 59.5, height: 60 }, first)).toBe(false);
    expect(isOfTile({ x: 0.5, y: 50, width: 60, height: 60 }, last)).toBe(false);
  });

  it('keeps a face at the border of the photo', () => {
    if (!first || !last) throw new Error('this is a bug: too few tiles');

    expect(isOfTile({ x: -3, y: -2, width: 60, height: 60 }, first)).toBe(true);
    expect(isOfTile({ x: 260, y: 180, width: 62, height: 62 }, last)).toBe(true);
  });

  it('leaves large faces to the coarse pass, which has no tiles', () => {
    if (!first) throw new Error('this is a bug: too few tiles');
    const large = { x: 50, y: 50, width: 121, height: 100 };

    expect(isOfTile(large, first)).toBe(false);
    expect(isOfTile(large, place(320, 240, 320))).toBe(true);
  });
});
