import { describe, expect, it } from 'vitest';
import {
  detectFaces,
  EXHAUSTIVE_ROUNDS,
  LARGE_ROUNDS,
  SMALL_ROUNDS,
} from '../../../../../src/worker/vision/detect/detect-faces.js';
import type { FaceDetector } from '../../../../../src/worker/vision/detect/face-detector.js';
import { selectFace } from '../../../../../src/worker/vision/detect/select-face.js';
import { ALIGNED_POINTS } from '../../../../../src/worker/vision/face/align-face.js';
import { transformPoints } from '../../../../../src/worker/vision/face/similarity-transform.js';
import { createPyramid } from '../../../../../src/worker/vision/image/image-pyramid.js';
import type { QuarterTurns } from '../../../../../src/worker/vision/image/placement.js';
import type { FaceDetection, FaceSelection, FivePoints } from '../../../../../src/worker/vision/types.js';

const PHOTO = createPyramid({ width: 100, height: 100, data: new Uint8Array(30_000) });

/** A face whose points are upright after this many clockwise turns. */
const face = (x: number, size: number, turns: QuarterTurns = 0): FaceDetection => ({
  box: { x, y: 40, width: size, height: size },
  score: 0.9,
  landmarks: transformPoints(
    { a: [1, 0, -1, 0][turns]!, b: [0, -1, 0, 1][turns]!, tx: 0, ty: 0 },
    ALIGNED_POINTS,
  ),
});

/** Faces and the plausibility of any of them, by `pass@turns`; a pass that is not listed finds nothing. */
type Script = Readonly<Record<string, { faces: FaceDetection[]; plausibility: number }>>;

/** A detector that follows a script and records its passes. */
function scripted(script: Script): { detector: FaceDetector; passes: string[] } {
  const names = { 1: 'coarse', 2: 'tiny', 3: 'fine' } as const;
  const passes: string[] = [];
  const detector: FaceDetector = {
    closeUpMargin: 1,
    lookCloser: async (_photo, face) => face,
    passes: () => ({ coarse: 1, tiny: 2, fine: 3 }),
    detect: async (_photo, { longEdgePx, quarterTurns }) => {
      const pass = `${names[longEdgePx as 1 | 2 | 3]}@${quarterTurns}`;
      passes.push(pass);
      return script[pass]?.faces ?? [];
    },
    confirm: async (_photo, found, { quarterTurns }) => {
      const entry = Object.entries(script).find(
        ([pass, { faces }]) => pass.endsWith(`@${quarterTurns}`) && faces.includes(found),
      );
      return { face: found, plausibility: entry?.[1].plausibility ?? 0 };
    },
    detectAsPublished: async () => [],
  };
  return { detector, passes };
}

const plan = (policy: FaceSelection, exhaustive = false) => ({
  select: (faces: readonly FaceDetection[]) => selectFace(faces, policy, PHOTO),
  rounds: exhaustive ? EXHAUSTIVE_ROUNDS : [...SMALL_ROUNDS, ...LARGE_ROUNDS],
  clarityOf: async (): Promise<number> => {
    throw new Error('clarity must not be needed while all views agree');
  },
  recognisabilityOf: async () => 0,
});

/** A plan in which faces have these clarities, and all others 1. */
const planWith = (clarities: readonly (readonly [FaceDetection, number])[]) => {
  const known = new Map<FivePoints, number>(
    clarities.map(([{ landmarks }, clarity]) => [landmarks, clarity]),
  );
  return { ...plan('largest'), clarityOf: async (landmarks: FivePoints) => known.get(landmarks) ?? 1 };
};

describe('detectFaces', () => {
  it('needs one pass when the first finds a plausible face', async () => {
    const portrait = face(30, 40);
    const { detector, passes } = scripted({ 'coarse@0': { faces: [portrait], plausibility: 0.9 } });

    const found = await detectFaces(detector, PHOTO, plan('largest'));

    expect(found).toMatchObject({ subject: portrait, faces: [portrait], quarterTurns: 0 });
    expect(passes).toEqual(['coarse@0']);
  });

  it('turns the photo before it tries a finer pass', async () => {
    const sideways = face(30, 40, 3);
    const { detector, passes } = scripted({ 'coarse@3': { faces: [sideways], plausibility: 0.9 } });

    const found = await detectFaces(detector, PHOTO, plan('largest'));

    expect(found).toMatchObject({ subject: sideways, quarterTurns: 3 });
    expect(passes).toEqual(['coarse@0', 'coarse@1', 'coarse@3']);
  });

  it('prefers a settled face of a turned view to a doubtful upright one when it is clearer', async () => {
    const doubtful = face(10, 60);
    const sure = face(30, 40, 2);
    const { detector } = scripted({
      'coarse@0': { faces: [doubtful], plausibility: 0.3 },
      'coarse@2': { faces: [sure], plausibility: 0.8 },
    });

    expect(await detectFaces(detector, PHOTO, planWith([[sure, 1.5]]))).toMatchObject({
      subject: sure,
      quarterTurns: 2,
    });
  });

  it('keeps a doubtful upright face that is clearer than a settled one of a turned view', async () => {
    const masked = face(30, 40);
    const { detector, passes } = scripted({
      'coarse@0': { faces: [masked], plausibility: 0.15 },
      'coarse@3': { faces: [face(30, 40, 3)], plausibility: 0.9 },
    });

    const found = await detectFaces(detector, PHOTO, planWith([[masked, 1.5]]));

    expect(found).toMatchObject({ subject: masked, quarterTurns: 0 });
    expect(passes).toEqual(['coarse@0', 'coarse@1', 'coarse@3', 'coarse@2']);
  });

  it('refuses a face whose clearest reading is implausible in every view', async () => {
    const unlikely = face(30, 40, 2);
    const { detector } = scripted({
      'coarse@0': { faces: [face(30, 40)], plausibility: 0.15 },
      'coarse@2': { faces: [unlikely], plausibility: 0.2 },
    });

    const finding = detectFaces(detector, PHOTO, planWith([[unlikely, 1.5]]));

    await expect(finding).rejects.toMatchObject({ code: 'low_quality', reason: 'turned' });
  });

  it('refuses a face that is clearest upright and implausible there', async () => {
    const masked = face(30, 40);
    const { detector } = scripted({
      'coarse@0': { faces: [masked], plausibility: 0.05 },
      'coarse@1': { faces: [face(30, 40, 1)], plausibility: 0.9 },
    });

    const finding = detectFaces(detector, PHOTO, planWith([[masked, 1.5]]));

    await expect(finding).rejects.toMatchObject({ code: 'low_quality', reason: 'covered' });
  });

  it('measures the clarity of each view once', async () => {
    const upright = face(30, 40);
    const { detector } = scripted({
      'coarse@0': { faces: [upright], plausibility: 0.2 },
      'coarse@1': { faces: [face(30, 40, 1)], plausibility: 0.6 },
      'coarse@2': { faces: [face(30, 40, 2)], plausibility: 0.7 },
    });
    const asked: FivePoints[] = [];
    const known = planWith([[upright, 2]]);
    const clarityOf = async (landmarks: FivePoints) => {
      asked.push(landmarks);
      return known.clarityOf(landmarks);
    };

    await detectFaces(detector, PHOTO, { ...known, clarityOf });

    expect(asked).toHaveLength(3);
    expect(new Set(asked).size).toBe(3);
  });

  it('takes a doubtful upright face when no view has a better one', async () => {
    const doubtful = face(10, 60);
    const { detector, passes } = scripted({
      'coarse@0': { faces: [doubtful], plausibility: 0.3 },
      'coarse@1': { faces: [face(0, 10)], plausibility: 0.1 },
    });

    const found = await detectFaces(detector, PHOTO, plan('largest'));

    expect(found).toMatchObject({ subject: doubtful, quarterTurns: 0 });
    expect(passes).toEqual(['coarse@0', 'coarse@1', 'coarse@3', 'coarse@2']);
  });

  it('does not accept an implausible detection as a face', async () => {
    const { detector, passes } = scripted({
      'coarse@0': { faces: [face(0, 10)], plausibility: 0.05 },
      'fine@1': { faces: [face(0, 10)], plausibility: 0.2 },
    });

    expect(await detectFaces(detector, PHOTO, plan('largest'))).toBeUndefined();
    expect(passes).toHaveLength(12);
  });

  it('finds a small face with the fine pass when no small pass shows it', async () => {
    const small = face(30, 5);
    const { detector } = scripted({ 'fine@0': { faces: [small], plausibility: 0.7 } });

    expect(await detectFaces(detector, PHOTO, plan('largest'))).toMatchObject({ subject: small });
  });

  it('ignores an implausible detection of one pass when another pass detects a face in the same place', async () => {
    const blurred = face(30, 40);
    const clear = face(31, 41);
    const { detector } = scripted({
      'coarse@0': { faces: [blurred], plausibility: 0.05 },
      'tiny@0': { faces: [clear], plausibility: 0.7 },
    });

    expect(await detectFaces(detector, PHOTO, plan('largest'))).toMatchObject({ subject: clear });
  });

  it('finds the small central subject beside a large bystander with exhaustive passes', async () => {
    const bystander = face(0, 40);
    const subject = face(48, 4);
    const { detector } = scripted({
      'coarse@0': { faces: [bystander], plausibility: 0.9 },
      'fine@0': { faces: [face(1, 40), subject], plausibility: 0.9 },
    });

    const found = await detectFaces(detector, PHOTO, plan('central', true));

    expect(found?.subject).toBe(subject);
    expect(found?.faces).toEqual([bystander, subject]);
  });

  it('refuses a second face that only the fine pass shows under the policy `single`', async () => {
    const { detector } = scripted({
      'coarse@0': { faces: [face(0, 40)], plausibility: 0.9 },
      'fine@0': { faces: [face(80, 4)], plausibility: 0.9 },
    });

    const finding = detectFaces(detector, PHOTO, plan('single', true));

    await expect(finding).rejects.toMatchObject({ code: 'multiple_faces' });
  });

  it('returns the confirmed subject among all faces', async () => {
    const rough = face(30, 40);
    const refined = { ...rough, landmarks: rough.landmarks.map((value) => value + 1) };
    const { detector } = scripted({ 'coarse@0': { faces: [rough], plausibility: 0.9 } });
    const confirming = { ...detector, confirm: async () => ({ face: refined, plausibility: 0.9 }) };

    const found = await detectFaces(confirming, PHOTO, plan('largest'));

    expect(found?.subject).toBe(refined);
    expect(found?.faces).toEqual([refined]);
  });
});

describe('detectFaces at a glance', () => {
  /** A detector that settles `certain` at a glance, and no other face. */
  const glancing = (script: Script, certain?: FaceDetection) => {
    const { detector, passes } = scripted(script);
    const confirmAtAGlance: FaceDetector['confirmAtAGlance'] = async (_photo, found) =>
      found === certain ? { ...found, score: 1 } : undefined;
    return { detector: { ...detector, confirmAtAGlance }, passes };
  };
  const portrait = face(30, 40);
  const coarse = { faces: [face(31, 41)], plausibility: 0.9 };

  it('takes the only face of the tiny pass as it was confirmed', async () => {
    const script = { 'tiny@0': { faces: [portrait], plausibility: 0 }, 'coarse@0': coarse };
    const { detector, passes } = glancing(script, portrait);

    const found = await detectFaces(detector, PHOTO, { ...plan('largest'), atAGlance: true });

    const confirmed = { ...portrait, score: 1 };
    expect(found).toEqual({ subject: confirmed, faces: [confirmed], quarterTurns: 0 });
    expect(passes).toEqual(['tiny@0']);
  });

  it.each([
    ['no face', [], undefined],
    ['a face that is not certain', [portrait], undefined],
    ['a second face', [portrait, face(70, 10)], portrait],
  ])('searches as usual if the tiny pass finds %s', async (_what, faces, certain) => {
    const script = { 'tiny@0': { faces, plausibility: 0.9 }, 'coarse@0': coarse };
    const { detector, passes } = glancing(script, certain);

    const found = await detectFaces(detector, PHOTO, { ...plan('largest'), atAGlance: true });

    expect(found?.subject).toBe(coarse.faces[0]);
    expect(passes).toEqual(['tiny@0', 'coarse@0']);
  });

  it('does not glance where every face counts', async () => {
    const script = { 'tiny@0': { faces: [portrait], plausibility: 0.9 }, 'coarse@0': coarse };
    const { detector, passes } = glancing(script, portrait);

    await detectFaces(detector, PHOTO, plan('single', true));

    expect(passes).toEqual(['coarse@0', 'fine@0']);
  });
});
