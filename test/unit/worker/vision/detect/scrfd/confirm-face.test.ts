import { describe, expect, it } from 'vitest';
import { SETTLED } from '../../../../../../src/worker/vision/detect/face-detector.js';
import { confirmFace } from '../../../../../../src/worker/vision/detect/scrfd/confirm-face.js';
import { ALIGNED_POINTS } from '../../../../../../src/worker/vision/face/align-face.js';
import { transformPoints } from '../../../../../../src/worker/vision/face/similarity-transform.js';
import { createPyramid } from '../../../../../../src/worker/vision/image/image-pyramid.js';
import type { FaceDetection } from '../../../../../../src/worker/vision/types.js';

const PHOTO = createPyramid({ width: 400, height: 400, data: new Uint8Array(480_000) });

/** A face in the photo whose points are rolled by an angle. */
function faceRolled(degrees: number, score: number): FaceDetection {
  const radians = (degrees * Math.PI) / 180;
  const turn = { a: Math.cos(radians), b: Math.sin(radians), tx: 150, ty: 120 };
  return {
    box: { x: 100, y: 100, width: 80, height: 100 },
    score,
    landmarks: transformPoints(turn, ALIGNED_POINTS),
  };
}

/** A face in the middle of the cut-out of 160 px, upright there but for `tilt`. */
function inCutout(score: number, tilt = 0): FaceDetection {
  const radians = (tilt * Math.PI) / 180;
  const [a, b] = [Math.cos(radians), Math.sin(radians)];
  // About the middle of the aligned face (56, 56), which lies in the middle of the cut-out (80, 80).
  const turn = { a, b, tx: 80 - 56 * a + 56 * b, ty: 80 - 56 * b - 56 * a };
  return {
    box: { x: 40, y: 40, width: 80, height: 80 },
    score,
    landmarks: transformPoints(turn, ALIGNED_POINTS),
  };
}

/** A detector that sees `upright` in the cut-out, and `upsideDown` in the turned one. */
const seeing = (upright: FaceDetection[], upsideDown: FaceDetection[] = []) => {
  const turns: number[] = [];
  const detect = async (_photo: unknown, view: { quarterTurns: number }) => {
    turns.push(view.quarterTurns);
    return view.quarterTurns === 0 ? upright : upsideDown;
  };
  return { detect, turns };
};

describe('confirmFace', () => {
  it('settles a well-scored upright face without another pass', async () => {
    const { detect, turns } = seeing([]);
    const face = faceRolled(10, 0.9);

    const confirmed = await confirmFace(detect, PHOTO, { face, quarterTurns: 0 });

    expect(confirmed.face).toBe(face);
    expect(confirmed.plausibility).toBeGreaterThanOrEqual(SETTLED);
    expect(turns).toEqual([]);
  });

  it('settles a poorly scored face that is found again, with the better points', async () => {
    const { detect } = seeing([inCutout(0.7)], [inCutout(0.6)]);
    const face = faceRolled(20, 0.55);

    const confirmed = await confirmFace(detect, PHOTO, { face, quarterTurns: 0 });

    expect(confirmed.plausibility).toBeGreaterThanOrEqual(SETTLED);
    // The cut-out shows the face just as its points say, so the new points are the old ones.
    for (const [i, value] of confirmed.face.landmarks.entries()) {
      expect(value).toBeCloseTo(face.landmarks[i] ?? 0, 2);
    }
  });

  it('rejects a face that scores higher upside down', async () => {
    const { detect } = seeing([inCutout(0.7)], [inCutout(0.71)]);

    const { plausibility } = await confirmFace(detect, PHOTO, { face: faceRolled(0, 0.8), quarterTurns: 0 });

    expect(plausibility).toBe(0);
  });

  it('does not settle a true face that lies on its side, and does in the view in which it stands', async () => {
    const { detect } = seeing([inCutout(0.9)]);
    const face = faceRolled(-90, 0.9);

    const lying = await confirmFace(detect, PHOTO, { face, quarterTurns: 0 });
    const standing = await confirmFace(detect, PHOTO, { face, quarterTurns: 1 });

    expect(lying.plausibility).toBeLessThan(SETTLED);
    expect(lying.plausibility).toBeGreaterThan(0.25);
    expect(standing.plausibility).toBeGreaterThanOrEqual(SETTLED);
  });

  it('runs a second pass when the first shows that the points were tilted', async () => {
    const answers = [[inCutout(0.7, 40)], [inCutout(0.8)], []];
    const detect = async () => answers.shift() ?? [];

    const { face, plausibility } = await confirmFace(detect, PHOTO, {
      face: faceRolled(0, 0.6),
      quarterTurns: 0,
    });

    expect(plausibility).toBeGreaterThanOrEqual(SETTLED);
    const [leftX = 0, leftY = 0, rightX = 0, rightY = 0] = face.landmarks;
    expect((Math.atan2(rightY - leftY, rightX - leftX) * 180) / Math.PI).toBeCloseTo(40, 0);
    expect(answers).toEqual([]);
  });

  it('doubts a face that is not found again, or only beside the middle', async () => {
    const aside = { ...inCutout(0.9), box: { x: 0, y: 0, width: 40, height: 40 } };

    for (const { detect } of [seeing([]), seeing([aside])]) {
      const { plausibility } = await confirmFace(detect, PHOTO, {
        face: faceRolled(0, 0.8),
        quarterTurns: 0,
      });

      expect(plausibility).toBeLessThan(0.25);
    }
  });
});
