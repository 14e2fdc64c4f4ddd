import { describe, expect, it } from 'vitest';
import {
  confirmAtAGlance,
  confirmFace,
  refineFace,
} from '../../../../../src/worker/vision/detect/confirm-face.js';
import { SETTLED } from '../../../../../src/worker/vision/detect/face-detector.js';
import { ALIGNED_POINTS, alignmentOf } from '../../../../../src/worker/vision/face/align-face.js';
import { transformPoints } from '../../../../../src/worker/vision/face/similarity-transform.js';
import { createPyramid } from '../../../../../src/worker/vision/image/image-pyramid.js';
import type { FaceDetection } from '../../../../../src/worker/vision/types.js';

const RULES = {
  sureScore: 0.86,
  sureScoreSum: 1.58,
  settledScoreSum: 0,
  rivals: [2],
  rivalMargin: 0,
  loneScore: 0,
  cutout: { sidePx: 160, scale: 1 },
} as const;
/** The detector's scores alone decide. */
const BY_SCORE = {
  rules: RULES,
  recognisabilityOf: async (): Promise<number> => {
    throw new Error('the recogniser must not be asked');
  },
};
const PHOTO = createPyramid({ width: 400, height: 400, data: new Uint8Array(480_000) });

/** A face in the photo whose points are rolled by an angle. `scale`: its size in parts of its aligned picture. */
function faceRolled(degrees: number, score: number, scale = 1.1): FaceDetection {
  const radians = (degrees * Math.PI) / 180;
  const turn = { a: Math.cos(radians) * scale, b: Math.sin(radians) * scale, tx: 150, ty: 120 };
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

    const confirmed = await confirmFace(detect, PHOTO, { face, quarterTurns: 0, ...BY_SCORE });

    expect(confirmed.face).toBe(face);
    expect(confirmed.plausibility).toBeGreaterThanOrEqual(SETTLED);
    expect(turns).toEqual([]);
  });

  it('settles a poorly scored face that is found again, with the better points', async () => {
    const { detect } = seeing([inCutout(0.7)], [inCutout(0.6)]);
    const face = faceRolled(20, 0.55);

    const confirmed = await confirmFace(detect, PHOTO, { face, quarterTurns: 0, ...BY_SCORE });

    expect(confirmed.plausibility).toBeGreaterThanOrEqual(SETTLED);
    // The cut-out shows the face just as its points say, so the new points are the old ones.
    for (const [i, value] of confirmed.face.landmarks.entries()) {
      expect(value).toBeCloseTo(face.landmarks[i] ?? 0, 2);
    }
  });

  it('rejects a face that scores higher upside down', async () => {
    const { detect } = seeing([inCutout(0.7)], [inCutout(0.71)]);

    const { plausibility } = await confirmFace(detect, PHOTO, {
      face: faceRolled(0, 0.8),
      quarterTurns: 0,
      ...BY_SCORE,
    });

    expect(plausibility).toBe(0);
  });

  it('settles a face on its side only in the view in which it is upright', async () => {
    const { detect } = seeing([inCutout(0.9)]);
    const face = faceRolled(-90, 0.9);

    const lying = await confirmFace(detect, PHOTO, { face, quarterTurns: 0, ...BY_SCORE });
    const standing = await confirmFace(detect, PHOTO, { face, quarterTurns: 1, ...BY_SCORE });

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
      ...BY_SCORE,
    });

    expect(plausibility).toBeGreaterThanOrEqual(SETTLED);
    const [leftX = 0, leftY = 0, rightX = 0, rightY = 0] = face.landmarks;
    expect((Math.atan2(rightY - leftY, rightX - leftX) * 180) / Math.PI).toBeCloseTo(40, 0);
    expect(answers).toEqual([]);
  });

  it.each([
    ['leads its turned self clearly', 0.7, true],
    ['leads by less than the margin', 0.77, false],
    ['is behind by less than the margin', 0.83, false],
  ])('settles a face that %s: %d, %s', async (_how, turned, isSettled) => {
    const { detect } = seeing([inCutout(0.8)], [inCutout(turned)]);

    const { plausibility } = await confirmFace(detect, PHOTO, {
      face: faceRolled(0, 0.6),
      quarterTurns: 0,
      ...BY_SCORE,
      rules: { ...RULES, rivalMargin: 0.05 },
    });

    expect(plausibility >= SETTLED).toBe(isSettled);
    expect(plausibility).toBeGreaterThan(0.4);
  });

  it('settles no face that scores low in both passes', async () => {
    const { detect } = seeing([inCutout(0.7)]);
    const rules = { ...RULES, settledScoreSum: 1.5 };

    const { plausibility } = await confirmFace(detect, PHOTO, {
      face: faceRolled(0, 0.7),
      quarterTurns: 0,
      ...BY_SCORE,
      rules,
    });

    expect(plausibility).toBeLessThan(SETTLED);
  });

  it('drops a detection that scores low and is not found again', async () => {
    const { detect } = seeing([]);
    const rules = { ...RULES, loneScore: 0.8 };

    const { plausibility } = await confirmFace(detect, PHOTO, {
      face: faceRolled(0, 0.7),
      quarterTurns: 0,
      ...BY_SCORE,
      rules,
    });

    expect(plausibility).toBe(0);
  });

  it('asks every turn in which the detector finds turned faces', async () => {
    const { detect, turns } = seeing([inCutout(0.7)]);

    await confirmFace(detect, PHOTO, {
      face: faceRolled(0, 0.6),
      quarterTurns: 0,
      ...BY_SCORE,
      rules: { ...RULES, rivals: [2, 1, 3] },
    });

    expect(turns).toEqual([0, 2, 1, 3]);
  });

  it('doubts a face that is not found again, or only away from the middle', async () => {
    const aside = { ...inCutout(0.9), box: { x: 0, y: 0, width: 40, height: 40 } };

    for (const { detect } of [seeing([]), seeing([aside])]) {
      const { plausibility } = await confirmFace(detect, PHOTO, {
        face: faceRolled(0, 0.8),
        quarterTurns: 0,
        ...BY_SCORE,
      });

      expect(plausibility).toBeLessThan(0.25);
    }
  });
});

describe('confirmFace with a recogniser', () => {
  const rules = { ...RULES, clearRecognisability: 0.9, clearSize: 0.2 };
  const asking = (...answers: number[]) => ({
    quarterTurns: 0 as const,
    rules,
    recognisabilityOf: async () => answers.shift() ?? 0,
  });

  it('settles a large straight face that is recognised clearly without another pass', async () => {
    const { detect, turns } = seeing([]);
    const face = faceRolled(5, 0.6);

    expect(await confirmFace(detect, PHOTO, { face, ...asking(0.9) })).toEqual({ face, plausibility: 1 });
    expect(turns).toEqual([]);
  });

  it.each([
    ['is less clear', faceRolled(5, 0.6), [0.89]],
    ['is rolled', faceRolled(12, 0.6), []],
    ['is small', { ...faceRolled(0, 0.6), box: { x: 100, y: 100, width: 60, height: 79 } }, []],
    ['is cropped', { ...faceRolled(0, 0.6), box: { x: -1, y: 100, width: 80, height: 100 } }, []],
  ])(
    'looks again at a face that %s, and in other turns unless it is clear then',
    async (_how, face, first) => {
      const clear = seeing([inCutout(0.7)], [inCutout(0.71)]);
      const unclear = seeing([inCutout(0.7)], [inCutout(0.71)]);

      const settled = await confirmFace(clear.detect, PHOTO, { face, ...asking(...first, 0.9) });
      const rejected = await confirmFace(unclear.detect, PHOTO, { face, ...asking(...first, 0.89) });

      expect(settled.plausibility).toBeGreaterThanOrEqual(SETTLED);
      expect(clear.turns).toEqual([0]);
      expect(rejected.plausibility).toBe(0);
      expect(unclear.turns).toEqual([0, 2]);
    },
  );

  it('asks about a face that will be read again only if it scores higher upside down', async () => {
    const small = { ...faceRolled(0, 0.6, 0.9), box: { x: 100, y: 100, width: 60, height: 79 } };
    const behind = () => seeing([inCutout(0.7)], [inCutout(0.71)]).detect;
    const ahead = seeing([inCutout(0.71)], [inCutout(0.7)]);

    const leading = await confirmFace(ahead.detect, PHOTO, {
      face: small,
      ...asking(),
      recognisabilityOf: BY_SCORE.recognisabilityOf,
    });
    const clear = await confirmFace(behind(), PHOTO, { face: small, ...asking(0.9) });
    const unclear = await confirmFace(behind(), PHOTO, { face: small, ...asking(0.89) });

    expect(leading.plausibility).toBeGreaterThanOrEqual(SETTLED);
    expect(ahead.turns).toEqual([0, 2]);
    expect(clear.plausibility).toBeGreaterThanOrEqual(SETTLED);
    expect(unclear.plausibility).toBe(0);
  });

  it('does not settle a clear face that lies on its side', async () => {
    const { detect } = seeing([inCutout(0.7)], [inCutout(0.6)]);
    const face = faceRolled(-90, 0.6);

    expect((await confirmFace(detect, PHOTO, { face, ...asking(1, 1) })).plausibility).toBeLessThan(SETTLED);
  });
});

describe('confirmAtAGlance', () => {
  const rules = { ...RULES, clearRecognisability: 0.9, glanceSize: 0.25 };
  const clear = { rules, recognisabilityOf: async () => 0.9 };

  it('returns a large clear face with the points of a second pass', async () => {
    const { detect, turns } = seeing([inCutout(0.6, 10)]);
    const face = faceRolled(30, 0.6);

    const confirmed = await confirmAtAGlance(detect, PHOTO, { face, ...clear });

    expect(confirmed).toMatchObject({ box: face.box, score: face.score });
    const { a, b } = alignmentOf(confirmed?.landmarks ?? face.landmarks);
    // The cut-out shows the face upright, and the detector sees it tilted by 10°.
    expect((Math.atan2(b, a) * 180) / Math.PI).toBeCloseTo(-40, 1);
    expect(turns).toEqual([0]);
  });

  it('looks again when the first points were tilted', async () => {
    const answers = [[inCutout(0.7, 40)], [inCutout(0.8)]];
    const detect = async () => answers.shift() ?? [];

    expect(await confirmAtAGlance(detect, PHOTO, { face: faceRolled(0, 0.6), ...clear })).toBeDefined();
    expect(answers).toEqual([]);
  });

  it.each([
    ['is small', { ...faceRolled(0, 0.9), box: { x: 100, y: 100, width: 80, height: 99 } }, 1, []],
    ['is cropped', { ...faceRolled(0, 0.9), box: { x: -1, y: 100, width: 80, height: 120 } }, 1, []],
    ['is less clear', faceRolled(0, 0.9), 0.89, [0]],
    ['lies on its side', faceRolled(-90, 0.9), 1, [0]],
  ])('is not certain of a face that %s', async (_how, face, recognisability, looks) => {
    const { detect, turns } = seeing([inCutout(0.9)]);
    const asked = { rules, recognisabilityOf: async () => recognisability };

    expect(await confirmAtAGlance(detect, PHOTO, { face, ...asked })).toBeUndefined();
    expect(turns).toEqual(looks);
  });

  it('is not certain of a face that is not found again', async () => {
    const { detect } = seeing([]);

    expect(await confirmAtAGlance(detect, PHOTO, { face: faceRolled(0, 0.9), ...clear })).toBeUndefined();
  });

  it.each([
    ['clear', { glanceSize: 0.25 }],
    ['large', { clearRecognisability: 0.9 }],
  ])('is never certain where no figure says what %s means', async (_word, figures) => {
    const { detect, turns } = seeing([inCutout(0.9)]);
    const asked = { ...clear, rules: { ...RULES, ...figures } };

    expect(await confirmAtAGlance(detect, PHOTO, { face: faceRolled(0, 0.9), ...asked })).toBeUndefined();
    expect(turns).toEqual([]);
  });
});

describe('refineFace', () => {
  const cutout = RULES.cutout;

  it('takes the points from one upright look, and keeps box and score', async () => {
    const { detect, turns } = seeing([inCutout(0.7, 10)]);
    const face = faceRolled(0, 0.9);

    const refined = await refineFace(detect, PHOTO, { face, cutout });

    expect(refined).toEqual({ ...face, landmarks: refined.landmarks });
    // The cut-out shows the face upright, and the detector sees it tilted by 10°: so it is.
    const { a, b } = alignmentOf(refined.landmarks);
    expect((Math.atan2(b, a) * 180) / Math.PI).toBeCloseTo(-10, 1);
    expect(turns).toEqual([0]);
  });

  it('keeps the points of a face that it does not find in the middle', async () => {
    const aside = { ...inCutout(0.9), box: { x: 0, y: 0, width: 30, height: 30 } };
    const face = faceRolled(0, 0.9);

    expect(await refineFace(seeing([aside]).detect, PHOTO, { face, cutout })).toBe(face);
  });
});
