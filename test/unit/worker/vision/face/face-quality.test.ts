import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALIGNED_POINTS } from '../../../../../src/worker/vision/face/align-face.js';
import { describeQuality, estimatePose } from '../../../../../src/worker/vision/face/face-quality.js';
import { transformPoints } from '../../../../../src/worker/vision/face/similarity-transform.js';
import type { RgbImage } from '../../../../../src/worker/vision/types.js';
import { evenNumber } from '../../../../support/fuzz/arbitraries.js';

/** A checkerboard of two grey values: as sharp as a picture can be. */
function checkerboard(dark: number, bright: number, cellPx = 1): RgbImage {
  const data = new Uint8Array(112 * 112 * 3);
  for (let i = 0; i < 112 * 112; i++) {
    const isBright = (Math.floor((i % 112) / cellPx) + Math.floor(i / 112 / cellPx)) % 2 === 0;
    data.fill(isBright ? bright : dark, i * 3, i * 3 + 3);
  }
  return { width: 112, height: 112, data };
}

/** The five points of a head in space, nose tip before the plane of the eyes, turned and seen from the front. */
function pointsOfHead({ yawDeg, pitchDeg }: { yawDeg: number; pitchDeg: number }): Float32Array {
  const [yaw, pitch] = [(yawDeg * Math.PI) / 180, (pitchDeg * Math.PI) / 180];
  const head = [
    [-0.5, 0, 0],
    [0.5, 0, 0],
    [0, 0.572, 0.5],
    [-0.414, 1.156, 0],
    [0.414, 1.156, 0],
  ] as const;
  return Float32Array.from(
    head.flatMap(([x, y, z]) => {
      const turnedZ = z * Math.cos(yaw) - x * Math.sin(yaw);
      return [x * Math.cos(yaw) + z * Math.sin(yaw), y * Math.cos(pitch) + turnedZ * Math.sin(pitch)];
    }),
    (value) => 200 + value * 100,
  );
}

describe('estimatePose', () => {
  it('sees the ArcFace template as frontal and upright', () => {
    const { yawDeg, pitchDeg, rollDeg } = estimatePose(ALIGNED_POINTS);

    expect(Math.abs(yawDeg)).toBeLessThan(2);
    expect(Math.abs(pitchDeg)).toBeLessThan(2);
    expect(Math.abs(rollDeg)).toBeLessThan(2);
  });

  it.each([-45, -20, 0, 20, 45])('sees a head turned by %i degrees within five', (yawDeg) => {
    expect(Math.abs(estimatePose(pointsOfHead({ yawDeg, pitchDeg: 0 })).yawDeg - yawDeg)).toBeLessThan(5);
  });

  it.each([-30, -15, 15, 30])('sees a head nodded by %i degrees within five', (pitchDeg) => {
    expect(Math.abs(estimatePose(pointsOfHead({ yawDeg: 0, pitchDeg })).pitchDeg - pitchDeg)).toBeLessThan(5);
  });

  it('measures roll, and yaw and pitch independently of roll and size', () => {
    const upright = estimatePose(pointsOfHead({ yawDeg: 25, pitchDeg: 10 }));
    const angle = evenNumber(-170, 170);
    const scale = evenNumber(0.1, 10);

    fc.assert(
      fc.property(angle, scale, (rollDeg, size) => {
        const radians = (rollDeg * Math.PI) / 180;
        const turn = { a: size * Math.cos(radians), b: size * Math.sin(radians), tx: 500, ty: 300 };

        const pose = estimatePose(transformPoints(turn, pointsOfHead({ yawDeg: 25, pitchDeg: 10 })));

        expect(pose.rollDeg - upright.rollDeg).toBeCloseTo(rollDeg, 1);
        expect(pose.yawDeg).toBeCloseTo(upright.yawDeg, 1);
        expect(pose.pitchDeg).toBeCloseTo(upright.pitchDeg, 1);
      }),
    );
  });

  it('gives finite angles for points that coincide', () => {
    const pose = estimatePose(new Float32Array(10).fill(3));

    expect(Object.values(pose).every(Number.isFinite)).toBe(true);
  });
});

describe('describeQuality', () => {
  it('measures brightness as mean luma', () => {
    const red = checkerboard(0, 0);
    for (let i = 0; i < red.data.length; i += 3) red.data[i] = 200;

    expect(describeQuality(red, ALIGNED_POINTS).brightness).toBeCloseTo(0.299 * 200, 3);
  });

  it('measures sharpness as the variance of the Laplacian, worked out by hand', () => {
    // Each pixel differs from its four neighbours by 10: the Laplacian is ±40, its variance 1600.
    expect(describeQuality(checkerboard(100, 110), ALIGNED_POINTS).sharpness).toBeCloseTo(1600, 0);
  });
});
