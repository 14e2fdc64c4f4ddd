import type { NamedReason } from '../../../shared/reasons.js';
import type { FaceFeatures } from './measure-features.js';
import { type FaceEvidence, type RecognisabilityData, rateFace } from './rate-face.js';

/** How much is asked of a face: `off` lets every face be compared. */
export type Strictness = 'strict' | 'standard' | 'off';

export interface JudgeOptions {
  readonly data: RecognisabilityData;
  readonly strictness: Strictness;
  /** The operator's own lowest score, 0..1; counts where it is above the pack's. */
  readonly minScore: number;
}

/** The reasons, of the closed list, that concern the face alone. */
export type FaceReason = Extract<
  NamedReason,
  'blurred' | 'too_dark' | 'overexposed' | 'too_small' | 'covered' | 'turned' | 'distorted' | 'not_a_face'
>;

export interface FaceVerdict {
  /** How similar the face is expected to be to a clean photo of itself, 0..1. */
  readonly score: number;
  readonly usable: boolean;
  /** 0 for a clear face. Above 0 for a doubtful one: how near the threshold its similarity decides nothing. */
  readonly doubtMargin: number;
  /** Why it is unusable; absent if it is usable. */
  readonly reason?: FaceReason;
  /** Of a usable face: what makes it only just good enough. */
  readonly warnings: readonly string[];
}

/** Answer from which something is no face, or a face is covered, whatever its score. */
const CERTAIN = 0.9;
/** Answer from which this is the reason for a score that is too low. */
const PROBABLE = 0.5;
/** Answer from which a face without other flaws counts as covered; nine in ten clear faces have less than 0.06. */
const POSSIBLE = 0.2;

/** Mean luma, 0..1, below which nothing can be seen. */
const PITCH_DARK = 10 / 255;

/** Yaw or pitch in parts of 90° from which too much of the face is hidden (75°); good photos have at most 45°. */
const TURNED = 75 / 90;

/** Contrast (logarithm of the deviation of the tones) below which a face looks like no face; clear ones have 3.5. */
const FAINT = 2.6;

/** Contrast below which a face is refused whatever its score; no clear photo has less than 2.9. */
const TONELESS = 2.3;

/** Yaw and pitch in parts of 90° that explain a low score: 45° and 33°. */
const MUCH_YAW = 45 / 90;
const MUCH_PITCH = 33 / 90;

const DARK = 0.16;
const BRIGHT = 0.86;
/** Share of white pixels from which a face is overexposed. */
const BURNT = 0.4;
/** Pixels of the photo per pixel of the aligned face; 0.32 means a face of about 36 px. */
const TINY_SCALE = Math.log(0.32);
const SMALL_SCALE = Math.log(0.45);
/** Detail (logarithm of the Laplacian's variance) at full and at half resolution; faces of 64 px have 5.6 and 7. */
const BLURRED_FINE = 4.4;
const BLURRED_COARSE = 5.8;
/** Anisotropy of the detail from which the camera moved; nine in ten clear faces have less than 0.54. */
const STREAKED = 0.9;

const WARNINGS: Readonly<Record<FaceReason, string>> = {
  blurred: 'blurred',
  too_dark: 'dark',
  overexposed: 'overexposed',
  too_small: 'small_face',
  covered: 'covered',
  turned: 'turned',
  distorted: 'unclear',
  not_a_face: 'unclear',
};

/** Returns whether a face can be compared, and what to report about it. Pure. */
export function judgeFace(face: FaceEvidence, options: JudgeOptions): FaceVerdict {
  const { data, strictness, minScore } = options;
  const { features } = face;
  const ask = (rating: RecognisabilityData['covered']) => (rating ? rateFace(face, rating) : 0);
  const answers = { notAFace: ask(data.notAFace), covered: ask(data.covered) };
  const score = rateFace(face, data.score);
  const least = Math.max(minScore, strictness === 'off' ? 0 : data.limits[strictness]);
  const isRefused =
    strictness !== 'off' &&
    (answers.notAFace >= CERTAIN ||
      answers.covered >= CERTAIN ||
      features.brightness < PITCH_DARK ||
      features.contrast < TONELESS ||
      isTurned(features));
  const reason = reasonFor(features, answers);
  // Also refuses NaN.
  if (isRefused || !(score >= least)) {
    return { score, usable: false, doubtMargin: 0, reason, warnings: [] };
  }
  const isBorderline = strictness !== 'off' && score < data.limits.strict;
  const warnings = new Set(isBorderline ? [WARNINGS[reason]] : []);
  if (features.size < SMALL_SCALE) warnings.add('small_face');
  const isDoubtful = strictness !== 'off' && ask(data.flawed) >= data.limits.flawed;
  return { score, usable: true, doubtMargin: isDoubtful ? data.limits.margin : 0, warnings: [...warnings] };
}

function reasonFor(
  features: FaceFeatures,
  { notAFace, covered }: { readonly notAFace: number; readonly covered: number },
): FaceReason {
  if (features.brightness < DARK) return 'too_dark';
  if (notAFace >= PROBABLE && features.contrast > FAINT) return 'not_a_face';
  if (features.yaw > MUCH_YAW || features.pitch > MUCH_PITCH) return 'turned';
  if (features.brightness > BRIGHT || features.white > BURNT) return 'overexposed';
  if (features.size < TINY_SCALE) return 'too_small';
  if (isBlurred(features)) return 'blurred';
  return covered >= POSSIBLE ? 'covered' : 'distorted';
}

const isBlurred = ({ detail_1, detail_2, streaks }: FaceFeatures): boolean =>
  detail_1 < BLURRED_FINE || detail_2 < BLURRED_COARSE || streaks > STREAKED;

const isTurned = ({ yaw, pitch }: FaceFeatures): boolean => yaw > TURNED || pitch > TURNED;
