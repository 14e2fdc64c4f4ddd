import { type FaceDetector, SETTLED } from './face-detector.js';
import type { ImagePyramid } from './image-pyramid.js';
import { boxOverlap } from './nms.js';
import type { QuarterTurns } from './placement.js';
import type { FaceDetection } from './types.js';

/** The subject of a photo and everybody else on it, in pixels of the photo that was looked at. */
export interface DetectedFaces {
  /** All faces, the subject among them. */
  readonly faces: readonly FaceDetection[];
  readonly subject: FaceDetection;
  /** Clockwise turns that put the subject upright. */
  readonly quarterTurns: QuarterTurns;
}

export interface DetectionPlan {
  /** Picks the subject of at least one face; may throw when the policy forbids what was found. */
  readonly select: (faces: readonly FaceDetection[]) => FaceDetection;
  /** Take every look of a view together before the subject is picked: needed where a small face can be the subject. */
  readonly exhaustive: boolean;
}

/** Faces of two looks are one when they overlap more than this; looser than one look's own, for sizes differ slightly. */
const SAME_FACE_OVERLAP = 0.3;

/** A subject less plausible than this, in every view of a round, is not believed before the next round has been tried. */
const DOUBTFUL = 0.15;

const TURNS: readonly QuarterTurns[] = [0, 1, 3, 2];

type Candidate = DetectedFaces & { readonly plausibility: number };

/**
 * Returns the faces of a photo, or undefined when there is none. Looks at it small before large, because a small look
 * is cheap and sees the faces that fill the frame, and upright before turned. The first plausible subject ends the
 * search; a round of all four turns without one ends it with its best. Costs one small look for a plain portrait, and
 * four of each size for a photo without a face.
 */
export async function detectFaces(
  detector: FaceDetector,
  photo: ImagePyramid,
  plan: DetectionPlan,
): Promise<DetectedFaces | undefined> {
  let best: Candidate | undefined;
  const found = new Map<QuarterTurns, FaceDetection[]>();
  for (const round of roundsOf(detector.looks(photo, 0).length, plan)) {
    for (const quarterTurns of TURNS) {
      const faces = found.get(quarterTurns) ?? [];
      found.set(quarterTurns, faces);
      const before = faces.length;
      for (const index of round) {
        const longEdgePx = detector.looks(photo, quarterTurns)[index] ?? 0;
        addFaces(faces, await detector.detect(photo, { longEdgePx, quarterTurns }));
      }
      if (faces.length === before) continue;
      const subject = plan.select(faces);
      const confirmed = await detector.confirm(photo, subject, quarterTurns);
      const candidate = { ...confirmed, subject: confirmed.face, faces, quarterTurns };
      if (candidate.plausibility >= SETTLED) return candidate;
      if (!best || candidate.plausibility > best.plausibility) best = candidate;
    }
    if (best && best.plausibility >= DOUBTFUL) return best;
  }
  return best;
}

/** Which looks each round takes: one, but the first two together where no face may be left out. */
function roundsOf(count: number, { exhaustive }: DetectionPlan): number[][] {
  const rounds = Array.from({ length: count }, (_, index) => [index]);
  return exhaustive ? [rounds.slice(0, 2).flat(), ...rounds.slice(2)] : rounds;
}

/** Adds the faces that are not yet there; of two finds of one face the earlier, from the smaller look, stays. */
function addFaces(faces: FaceDetection[], more: readonly FaceDetection[]): void {
  for (const face of more) {
    if (faces.every((known) => boxOverlap(known.box, face.box) <= SAME_FACE_OVERLAP)) faces.push(face);
  }
}
