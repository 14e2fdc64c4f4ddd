import type { RecognisabilityData } from './rate-face.js';

/**
 * What is known of faces whatever the pack: only what the photo shows, neither the embedding nor the detector's score.
 * Made from the same faces as the block of `lite`; it lets far more pass than a block of the pack's own.
 */
export const GENERAL_DATA: RecognisabilityData = {
  score: {
    bias: -0.627,
    features: {
      misfit: { mean: 0.9746, weight: -0.4198 },
      size: { mean: 0.01656, weight: 0.3055 },
      detail_1: { mean: 5.212, weight: -1.355 },
      detail_2: { mean: 6.545, weight: 1.664 },
      detail_4: { mean: 7.573, weight: 0.85 },
      flat: { mean: 0.3813, weight: -4.632 },
      brightness: { mean: 0.5233, weight: 0.02393 },
      contrast: { mean: 3.667, weight: -5.02 },
      black: { mean: 0.02704, weight: 4.387 },
      white: { mean: 0.04942, weight: 3.98 },
      colour: { mean: 0.1785, weight: -5.667 },
      eyes: { mean: 3.586, weight: 0.5271 },
      mouth: { mean: 3.396, weight: 0.5391 },
      yaw: { mean: 0.05818, weight: 0.09967 },
      pitch: { mean: 0.1108, weight: -0.133 },
      tones: { mean: 3.027, weight: 2.251 },
    },
  },
  // A clean photo in 250 scores less than the first, one in 50 less than the second.
  limits: { standard: 0.34, strict: 0.46 },
};
