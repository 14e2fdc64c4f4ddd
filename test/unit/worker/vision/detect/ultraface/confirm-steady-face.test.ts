import { describe, expect, it } from 'vitest';
import { SETTLED } from '../../../../../../src/worker/vision/detect/face-detector.js';
import { confirmSteadyFace } from '../../../../../../src/worker/vision/detect/ultraface/confirm-steady-face.js';
import { ALIGNED_POINTS } from '../../../../../../src/worker/vision/face/align-face.js';
import type { Box, FaceDetection } from '../../../../../../src/worker/vision/types.js';

const PHOTO = { width: 300, height: 300 };
const BOX: Box = { x: 20, y: 20, width: 80, height: 90 };
const face = (score: number, box = BOX): FaceDetection => ({ box, score, landmarks: ALIGNED_POINTS });

/** Points that move with the box, as those of no face do. */
const driftingPoints = async (box: Box) =>
  ALIGNED_POINTS.map((value, i) => value + (i % 2 === 0 ? box.x - BOX.x : box.y - BOX.y) * 2);

const movedBy = (distance: number) => async () =>
  ALIGNED_POINTS.map((v, i) => v + (i % 2 === 0 ? distance : 0));

describe('confirmSteadyFace', () => {
  it('is sure of a face whose points stay in place', async () => {
    const { plausibility } = await confirmSteadyFace(PHOTO, face(0.7), async () => ALIGNED_POINTS);

    expect(plausibility).toBe(1);
  });

  it('settles up to a movement of four pixels of the aligned face and no further', async () => {
    const near = await confirmSteadyFace(PHOTO, face(0.7), movedBy(3.9));
    const far = await confirmSteadyFace(PHOTO, face(0.7), movedBy(4.1));

    expect(near.plausibility).toBeGreaterThan(SETTLED);
    expect(far.plausibility).toBeLessThan(SETTLED);
  });

  it('measures movement in the aligned face, whatever the size of the face in the photo', async () => {
    const enlarged = ALIGNED_POINTS.map((value) => value * 10);
    const large = { ...face(0.7), landmarks: enlarged };

    const { plausibility } = await confirmSteadyFace(PHOTO, large, async () =>
      enlarged.map((value) => value + 5),
    );

    expect(plausibility).toBeGreaterThan(0.85);
  });

  it('tries boxes moved both ways and a larger one about the same middle', async () => {
    const boxes: Box[] = [];
    await confirmSteadyFace(PHOTO, face(0.7), async (box) => {
      boxes.push(box);
      return driftingPoints(box);
    });

    expect(boxes).toEqual([
      { x: 28, y: 29, width: 80, height: 90 },
      { x: 12, y: 11, width: 80, height: 90 },
      { x: 10, y: 8.75, width: 100, height: 112.5 },
    ]);
  });

  it('stops after a movement of up to two pixels', async () => {
    let asked = 0;
    const count = (distance: number) => async () => {
      asked += 1;
      return movedBy(distance)();
    };
    await confirmSteadyFace(PHOTO, face(0.7), count(1.9));
    const afterSteady = asked;
    await confirmSteadyFace(PHOTO, face(0.7), count(2.1));

    expect([afterSteady, asked - afterSteady]).toEqual([1, 3]);
  });

  it('rejects points that move along with the box', async () => {
    expect((await confirmSteadyFace(PHOTO, face(0.98), driftingPoints)).plausibility).toBeLessThan(0.1);
  });

  it('gives some plausibility to a large face with a very high score, but not to a small one', async () => {
    const large = await confirmSteadyFace(PHOTO, face(0.995), driftingPoints);
    const small = await confirmSteadyFace({ width: 3000, height: 3000 }, face(0.995), driftingPoints);

    expect(large.plausibility).toBe(0.15);
    expect(small.plausibility).toBeLessThan(0.1);
  });
});
