import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const modelFileSchema = z.object({
  name: z.string().regex(/^[A-Za-z0-9_.-]+$/),
  bytes: z.int().positive(),
  sha256,
  /** The file that fetching derives from this one and that vision loads instead. Absent: vision loads this file. */
  derived: z
    .object({
      bytes: z.int().positive(),
      sha256,
      /** True if the derived model accepts inputs of any height and width. */
      free_input_size: z.boolean().optional(),
    })
    .optional(),
});

/** Source of a pack's files. */
export const modelSourceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('npm'),
    package: z.string(),
    version: z.string(),
    /** Subresource integrity of the tarball: `sha512-…`. */
    integrity: z.string(),
    /** Folder of the files inside the tarball. */
    folder: z.string(),
  }),
  z.object({
    kind: z.literal('zip'),
    url: z.url({ protocol: /^https$/ }),
    bytes: z.int().positive(),
    sha256,
  }),
  z.object({
    kind: z.literal('files'),
    /** URL of each file by its name. */
    urls: z.record(z.string(), z.url({ protocol: /^https$/ })),
  }),
  z.object({
    kind: z.literal('wheel'),
    package: z.string(),
    version: z.string(),
    sha256,
    /** Folder of the files inside the wheel. */
    folder: z.string(),
  }),
]);
export type ModelSource = z.infer<typeof modelSourceSchema>;

/** Normalisation `(pixel − mean) / std` and the order of the channels of an input. */
const normalisationSchema = z.object({
  mean: z.number(),
  std: z.number().positive(),
  channels: z.enum(['rgb', 'bgr']),
});

export const calibrationSchema = z.object({
  dataset: z.string(),
  /** Non-mated pairs behind the thresholds; null if the publisher does not state the number. */
  non_mated_pairs: z.int().positive().nullable(),
  mated_pairs: z.int().positive().nullable(),
  date: z.iso.date(),
  source: z.string(),
  /** Detector that aligned the faces, if it was not the pack's own. */
  detector: z.string().optional(),
  /** For people who choose a threshold. It changes no decision. */
  recommended_threshold: z.number().min(-1).max(1).optional(),
  points: z
    .array(
      z.object({
        fmr: z.number().gt(0).lt(1),
        threshold: z.number().min(-1).max(1),
        fnmr: z.number().min(0).max(1).optional(),
      }),
    )
    .min(1),
});
export type Calibration = z.infer<typeof calibrationSchema>;

/** A logistic model of a face's measurements; src/worker/vision/recognisability explains the features. */
const ratingSchema = z.object({
  bias: z.number(),
  features: z.record(
    z.string(),
    z.object({
      mean: z.number(),
      weight: z.number(),
      square: z.number().optional(),
      reach: z.number().nonnegative().optional(),
    }),
  ),
  /** Weights of the face's coarse picture: 288 little-endian float32 in base64. */
  appearance: z.base64().length(1_536).optional(),
  /** Weights of the normalised embedding, one little-endian float32 for each of its numbers, in base64. */
  direction: z.base64(),
});

/**
 * How to tell recognisable faces from others, made by `npm run evaluate -- --recognisability`. It depends on the
 * recogniser alone, so it serves behind every detector.
 */
export const recognisabilitySchema = z.object({
  dataset: z.string(),
  persons: z.int().positive(),
  /** Faces that were measured, in photos and degraded photos, and pictures without a face. */
  faces: z.int().positive(),
  garbage: z.int().positive(),
  date: z.iso.date(),
  source: z.string(),
  /**
   * A face is not compared below a score of `standard` (or `strict`). It is doubtful from `flawed`; two doubtful faces
   * must exceed the threshold by `margin` to match, a doubtful and a clear one stay that far below it for a "no".
   */
  limits: z.object({
    standard: z.number().min(0).max(1),
    strict: z.number().min(0).max(1),
    flawed: z.number().min(0).max(1),
    margin: z.number().min(0).max(1),
  }),
  score: ratingSchema,
  flawed: ratingSchema,
  not_a_face: ratingSchema,
  covered: ratingSchema,
});

/** Expected results of a recogniser for the two synthetic inputs of the self-test at start. */
const selfTestSchema = z.object({
  /** Cosine of the two embeddings. */
  similarity: z.number(),
  /** L2 norms of the two raw embeddings. */
  norms: z.tuple([z.number(), z.number()]),
  /** Largest allowed difference of the similarity, and of each norm as a fraction of it. */
  tolerance: z.number().positive(),
});
export type GoldenNumbers = z.infer<typeof selfTestSchema>;

/** The content of `models/<pack>.json`. */
export const modelManifestSchema = z.object({
  name: z.string().regex(/^[A-Za-z0-9_.-]+$/),
  description: z.string(),
  licence: z.object({ name: z.string(), commercial_use: z.boolean(), url: z.string(), notice: z.string() }),
  source: modelSourceSchema,
  /** Tried in order if the source fails. They must have the same files. */
  fallback_sources: z.array(modelSourceSchema).optional(),
  files: z.array(modelFileSchema).min(1),
  detector: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('scrfd'), file: z.string(), ...normalisationSchema.shape }),
    z.object({ kind: z.literal('yunet'), file: z.string(), ...normalisationSchema.shape }),
    z.object({
      kind: z.literal('ultraface'),
      file: z.string(),
      /** 68-point landmark model from which the five points are derived. */
      landmark_file: z.string(),
      ...normalisationSchema.shape,
    }),
  ]),
  recogniser: z.object({ kind: z.literal('arcface'), file: z.string(), ...normalisationSchema.shape }),
  calibration: calibrationSchema.nullable(),
  self_test: selfTestSchema.optional(),
  recognisability: recognisabilitySchema.optional(),
});
export type ModelManifest = z.infer<typeof modelManifestSchema>;

/** What a manifest says about a recogniser, whatever pack the file is in. */
export interface KnownRecogniser extends Pick<ModelManifest, 'recogniser' | 'self_test' | 'recognisability'> {
  /** SHA-256 of the file as published and of the file derived from it, hex. */
  readonly digests: readonly string[];
}
