import { VerificationError } from '../../../shared/errors.js';
import type { ImagePyramid } from '../image/image-pyramid.js';
import type { QuarterTurns } from '../image/placement.js';
import type { FaceDetection, FivePoints } from '../types.js';
import { type ClarityOf, clearestReading, isClearest, type Reading } from './clearest-reading.js';
import { type FaceDetector, type PassName, SETTLED } from './face-detector.js';
import { boxOverlap } from './nms.js';

/** The subject and all other faces of a photo, in pixels of the photo given to the detector. */
export interface DetectedFaces {
  /** All faces, including the subject. */
  readonly faces: readonly FaceDetection[];
  readonly subject: FaceDetection;
  /** Clockwise turns that put the subject upright. */
  readonly quarterTurns: QuarterTurns;
}

/** Passes in order. The faces of all passes of a round are merged before a subject is selected. */
export type Rounds = readonly (readonly PassName[])[];

export interface DetectionPlan {
  /** Selects the subject from at least one face; throws if the policy forbids these faces. */
  readonly select: (faces: readonly FaceDetection[]) => FaceDetection;
  readonly rounds: Rounds;
  /** True if one large face settles the search: smaller ones need not be found. Default false. */
  readonly atAGlance?: boolean;
  /**
   * Returns how clearly these points show a person, in any unit. Called only when views disagree about which way up
   * the face is.
   */
  readonly clarityOf: (landmarks: FivePoints) => Promise<number>;
  /** Returns how similar the face at these points is likely to be to a clean photo of itself, 0..1. */
  readonly recognisabilityOf: (landmarks: FivePoints) => Promise<number>;
}

/** Passes for which a photo reduced to half the detection size is enough. */
export const SMALL_ROUNDS: Rounds = [['coarse'], ['tiny']];
/** The remaining passes if the small ones find nothing. */
export const LARGE_ROUNDS: Rounds = [['fine']];
/** Includes the fine pass before selection: the subject can be a small face beside a large one, or must be alone. */
export const EXHAUSTIVE_ROUNDS: Rounds = [['coarse', 'fine'], ['tiny']];

/** Overlap above which faces of two passes are the same. Lower than within one pass, because their sizes differ slightly. */
const SAME_FACE_OVERLAP = 0.3;

/**
 * Plausibility below which a detection is not a face. Turned views need more: there are three of them, and with `lite`
 * each detects something in about one of ten backgrounds, almost never above 0.2.
 */
const LEAST_PLAUSIBILITY: Readonly<Record<QuarterTurns, number>> = { 0: 0.1, 1: 0.25, 2: 0.25, 3: 0.25 };

const TURNS: readonly QuarterTurns[] = [0, 1, 3, 2];

type Candidate = DetectedFaces & Reading;

/**
 * Returns the faces of a photo, or undefined if it has none. Tries small sizes before large ones, because they are cheap
 * and show faces that fill the frame, and upright before turned. A plausible upright subject ends the search; so does a
 * turned one that is clearer than the earlier views that contradict it. After a round of all four turns the clearest
 * wins. A plain portrait costs one small pass, or two tiny ones if the detector can settle it at a glance; a photo without
 * a face costs four passes of each size.
 * @throws low_quality (`turned` or `covered`) if the clearest reading is not plausible in any view.
 */
export async function detectFaces(
  detector: FaceDetector,
  photo: ImagePyramid,
  plan: DetectionPlan,
): Promise<DetectedFaces | undefined> {
  const settled = plan.atAGlance ? await detectAtAGlance(detector, photo, plan) : undefined;
  if (settled) return settled;
  const clarityOf = rememberClarity(plan);
  for (const round of plan.rounds) {
    const candidates: Candidate[] = [];
    for (const quarterTurns of TURNS) {
      const found = await detectRound(detector, photo, { round, quarterTurns });
      if (found.length === 0) continue;
      const candidate = await confirmSubject(detector, photo, { found, quarterTurns, plan });
      candidates.push(candidate);
      if (candidate.plausibility < SETTLED) continue;
      if (quarterTurns === 0 || (await isClearest(candidate, candidates, clarityOf))) return candidate;
    }
    if (!candidates.some(({ isPlausible }) => isPlausible)) continue;
    const clearest = await clearestReading(candidates, clarityOf);
    if (clearest) return clearest;
    throw await refuse(candidates, clarityOf);
  }
  return undefined;
}

/**
 * Returns the face of a plain portrait: the only one in the tiny pass, large, upright and clear. A face that only a larger
 * pass finds is small or hardly visible, so that this one stays the subject.
 */
async function detectAtAGlance(
  detector: FaceDetector,
  photo: ImagePyramid,
  { recognisabilityOf }: DetectionPlan,
): Promise<DetectedFaces | undefined> {
  if (!detector.confirmAtAGlance) return undefined;
  const view = { longEdgePx: detector.passes(photo, 0).tiny, quarterTurns: 0 } as const;
  const [face, ...others] = await detector.detect(photo, view);
  if (!face || others.length > 0) return undefined;
  const subject = await detector.confirmAtAGlance(photo, face, { recognisabilityOf });
  return subject && { faces: [subject], subject, quarterTurns: 0 };
}

/** `covered` if the upright reading is the clearest and only too little of the face shows; otherwise `turned`. */
async function refuse(
  candidates: readonly Candidate[],
  clarityOf: ClarityOf<Candidate>,
): Promise<VerificationError> {
  const upright = candidates.find(({ quarterTurns }) => quarterTurns === 0);
  const isUpright = upright !== undefined && (await isClearest(upright, candidates, clarityOf));
  return new VerificationError('low_quality', { reason: isUpright ? 'covered' : 'turned' });
}

async function detectRound(
  detector: FaceDetector,
  photo: ImagePyramid,
  { round, quarterTurns }: { round: Rounds[number]; quarterTurns: QuarterTurns },
): Promise<FaceDetection[]> {
  const passes = detector.passes(photo, quarterTurns);
  const found: FaceDetection[] = [];
  for (const name of round) {
    addFaces(found, await detector.detect(photo, { longEdgePx: passes[name], quarterTurns }));
  }
  return found;
}

function rememberClarity({ clarityOf }: DetectionPlan): ClarityOf<Candidate> {
  const known = new Map<Candidate, Promise<number>>();
  return (candidate) => {
    const clarity = known.get(candidate) ?? clarityOf(candidate.landmarks);
    known.set(candidate, clarity);
    return clarity;
  };
}

async function confirmSubject(
  detector: FaceDetector,
  photo: ImagePyramid,
  { found, quarterTurns, plan }: { found: FaceDetection[]; quarterTurns: QuarterTurns; plan: DetectionPlan },
): Promise<Candidate> {
  const picked = plan.select(found);
  const { recognisabilityOf } = plan;
  const { face, plausibility } = await detector.confirm(photo, picked, { quarterTurns, recognisabilityOf });
  const faces = found.map((other) => (other === picked ? face : other));
  const isPlausible = plausibility >= LEAST_PLAUSIBILITY[quarterTurns];
  return { faces, subject: face, landmarks: face.landmarks, quarterTurns, plausibility, isPlausible };
}

/** Adds the faces that are new. Of two detections of one face, the earlier one, from the smaller pass, stays. */
function addFaces(faces: FaceDetection[], more: readonly FaceDetection[]): void {
  for (const face of more) {
    if (faces.every((known) => boxOverlap(known.box, face.box) <= SAME_FACE_OVERLAP)) faces.push(face);
  }
}
