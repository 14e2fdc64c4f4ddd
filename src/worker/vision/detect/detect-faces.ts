import { VerificationError } from '../../../shared/errors.js';
import type { ImagePyramid } from '../image/image-pyramid.js';
import type { QuarterTurns } from '../image/placement.js';
import type { FaceDetection, FivePoints } from '../types.js';
import { type ClarityOf, clearestReading, isClearest, type Reading } from './clearest-reading.js';
import { type FaceDetector, type LookName, SETTLED } from './face-detector.js';
import { boxOverlap } from './nms.js';

/** The subject of a photo and everybody else on it, in pixels of the photo that was looked at. */
export interface DetectedFaces {
  /** All faces, the subject among them. */
  readonly faces: readonly FaceDetection[];
  readonly subject: FaceDetection;
  /** Clockwise turns that put the subject upright. */
  readonly quarterTurns: QuarterTurns;
}

/** Looks one after the other; those of one round are taken together before a subject is picked. */
export type Rounds = readonly (readonly LookName[])[];

export interface DetectionPlan {
  /** Picks the subject of at least one face; may throw when the policy forbids what was found. */
  readonly select: (faces: readonly FaceDetection[]) => FaceDetection;
  readonly rounds: Rounds;
  /**
   * Returns how much of a person a face shows when it is read by these points, in any unit. Asked only when views
   * disagree about which way up the face is.
   */
  readonly clarityOf: (landmarks: FivePoints) => Promise<number>;
}

/** Looks that a photo reduced to half the detection size serves as well. */
export const SMALL_ROUNDS: Rounds = [['coarse'], ['tiny']];
/** What is left when those have found nothing. */
export const LARGE_ROUNDS: Rounds = [['fine']];
/** Looks closely before the subject is picked, for it may be a small face beside a large one, or must be alone. */
export const EXHAUSTIVE_ROUNDS: Rounds = [['coarse', 'fine'], ['tiny']];

/** Faces of two looks are one when they overlap more than this; looser than one look's own, for sizes differ slightly. */
const SAME_FACE_OVERLAP = 0.3;

/**
 * Plausibility below which a find is no face. Turned views need more, for there are three of them and each finds
 * something in about one of ten backgrounds with `lite`, hardly ever over 0.2.
 */
const LEAST_PLAUSIBILITY: Readonly<Record<QuarterTurns, number>> = { 0: 0.1, 1: 0.25, 2: 0.25, 3: 0.25 };

const TURNS: readonly QuarterTurns[] = [0, 1, 3, 2];

type Candidate = DetectedFaces & Reading;

/**
 * Returns the faces of a photo, or undefined when there is none. Looks at it small before large, because a small look
 * is cheap and sees the faces that fill the frame, and upright before turned. A plausible upright subject ends the
 * search, a turned one when it is clearer than what the views before it read otherwise; a round of all four turns ends
 * it with the clearest. Costs one small look for a plain portrait, and four of each size for a photo without a face.
 * @throws low_quality, `turned` or `covered`, when no view shows plausibly what is clearest.
 */
export async function detectFaces(
  detector: FaceDetector,
  photo: ImagePyramid,
  plan: DetectionPlan,
): Promise<DetectedFaces | undefined> {
  const clarityOf = rememberClarity(plan);
  for (const round of plan.rounds) {
    const candidates: Candidate[] = [];
    for (const quarterTurns of TURNS) {
      const found = await look(detector, photo, { round, quarterTurns });
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

/** Nothing speaks against an upright face but that little of it shows; else it is another way up, hardly seen there. */
async function refuse(
  candidates: readonly Candidate[],
  clarityOf: ClarityOf<Candidate>,
): Promise<VerificationError> {
  const upright = candidates.find(({ quarterTurns }) => quarterTurns === 0);
  const isUpright = upright !== undefined && (await isClearest(upright, candidates, clarityOf));
  return new VerificationError('low_quality', { reason: isUpright ? 'covered' : 'turned' });
}

async function look(
  detector: FaceDetector,
  photo: ImagePyramid,
  { round, quarterTurns }: { round: Rounds[number]; quarterTurns: QuarterTurns },
): Promise<FaceDetection[]> {
  const looks = detector.looks(photo, quarterTurns);
  const found: FaceDetection[] = [];
  for (const name of round) {
    addFaces(found, await detector.detect(photo, { longEdgePx: looks[name], quarterTurns }));
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
  const { face, plausibility } = await detector.confirm(photo, picked, quarterTurns);
  const faces = found.map((other) => (other === picked ? face : other));
  const isPlausible = plausibility >= LEAST_PLAUSIBILITY[quarterTurns];
  return { faces, subject: face, landmarks: face.landmarks, quarterTurns, plausibility, isPlausible };
}

/** Adds the faces that are not yet there; of two finds of one face the earlier, from the smaller look, stays. */
function addFaces(faces: FaceDetection[], more: readonly FaceDetection[]): void {
  for (const face of more) {
    if (faces.every((known) => boxOverlap(known.box, face.box) <= SAME_FACE_OVERLAP)) faces.push(face);
  }
}
