import type { FaceAnalysis } from '../../../../src/worker/vision/types.js';
import type {
  EvaluationPlan,
  PhotoPair,
  PlannedVerification,
} from '../../../../tools/evaluate/plan/evaluation-plan.js';
import { joinPersons } from '../../../../tools/evaluate/plan/join-persons.js';
import type { FoundFace } from '../../../../tools/evaluate/results/photo-record.js';
import { createScores, type ScoreSample } from '../../../../tools/evaluate/statistics/score-sample.js';

/** A sample of the given similarities. */
export function createScoreSample(mated: Iterable<number>, nonMated: Iterable<number>): ScoreSample {
  return { mated: createScores(mated), nonMated: createScores(nonMated) };
}

/** A plan over photos named by letters; pairs are written `ab+` (mated) or `ab-`, attempts `r:xyz+`. */
export function planOf(
  photos: string,
  pairs: readonly string[],
  attempts: readonly string[] = [],
): EvaluationPlan {
  const place = (letter: string | undefined): number => photos.indexOf(letter ?? '');
  const listed = pairs.map(
    (text): PhotoPair => ({ probe: place(text[0]), reference: place(text[1]), mated: text[2] === '+' }),
  );
  return {
    source: 'pairs',
    root: '/photos',
    photos: [...photos].map((letter) => `${letter}.jpg`),
    pairs: listed,
    personOf: joinPersons(listed, photos.length),
    verifications: attempts.map(
      (text): PlannedVerification => ({
        reference: place(text[0]),
        probes: [place(text[2]), place(text[3]), place(text[4])],
        mated: text[5] === '+',
      }),
    ),
    persons: 2,
    notes: [],
  };
}

/** A face of quality 0.75 that no test looks at closely. */
export function faceOf(contentDigest: string): FoundFace {
  return {
    box: { x: 1, y: 2, width: 30, height: 40 },
    ...{ detectionScore: 0.9, facesFound: 1, contentDigest },
    quality: { score: 0.75, sharpness: 50, brightness: 128, yawDeg: 1, pitchDeg: 2, rollDeg: 3 },
  };
}

/** Analysis of a photo whose embedding lies at `angleDeg` in a plane, which makes cosines easy to calculate. */
export function analysisAt(angleDeg: number, contentDigest: string): FaceAnalysis {
  const embedding = new Float32Array(512);
  embedding[0] = Math.cos((angleDeg * Math.PI) / 180);
  embedding[1] = Math.sin((angleDeg * Math.PI) / 180);
  const { box, detectionScore, facesFound, quality } = faceOf(contentDigest);
  return {
    ...{ embedding, quality, facesFound, contentDigest, doubtMargin: 0 },
    face: { box, score: detectionScore, landmarks: new Float32Array(10) },
    ...{ width: 100, height: 100, perceptualHash: '0'.repeat(16), warnings: [], timingsMs: {} },
  };
}
