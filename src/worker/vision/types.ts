/** Five pixel positions x0, y0, … x4, y4: left eye, right eye, nose, left and right mouth corner as they appear in the image. */
export type FivePoints = Float32Array;

/** An 8-bit RGB picture, row-major, interleaved, origin top-left: `data.length === width * height * 3`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Axis-aligned box in pixels of the image it was found in, origin top-left. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface FaceDetection {
  readonly box: Box;
  /** 0..1, from the detector. */
  readonly score: number;
  readonly landmarks: FivePoints;
}

/** Suitability of a face for comparison. `score`, 0..1: its expected similarity to a clean photo of the same face. */
export interface FaceQuality {
  readonly score: number;
  /** Variance of the Laplacian of the aligned face's luma. */
  readonly sharpness: number;
  /** Mean luma of the aligned face, 0..255. */
  readonly brightness: number;
  /** Head pose estimated from the five points, degrees; 0 is frontal and upright. */
  readonly yawDeg: number;
  readonly pitchDeg: number;
  readonly rollDeg: number;
}

/** The result for one photo. All positions are in pixels of the whole upright photo. */
export interface FaceAnalysis {
  /** As many numbers as the pack's recogniser gives, L2 norm 1. */
  readonly embedding: Float32Array;
  readonly face: FaceDetection;
  readonly quality: FaceQuality;
  /** 0 for a clear face; for a doubtful one, how near the threshold its similarity decides nothing. */
  readonly doubtMargin: number;
  /** Faces that the detector found, including the subject. */
  readonly facesFound: number;
  /** The upright photo's size. */
  readonly width: number;
  readonly height: number;
  /** SHA-256 of the encoded bytes, hex. */
  readonly contentDigest: string;
  /** 64-bit perceptual hash of the whole upright photo, 16 hex digits. */
  readonly perceptualHash: string;
  /** Codes of observations that are not errors: `rotated_90`, `blurred`, … */
  readonly warnings: readonly string[];
  /** Milliseconds by step: decode, detect, align, embed, … */
  readonly timingsMs: Readonly<Record<string, number>>;
}

export type FaceSelection = 'largest' | 'central' | 'single';
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff';

/** Settings of a vision process. Plain data, because they are sent to another process. */
export interface VisionSettings {
  /** Folder that holds the pack's .onnx files. */
  readonly packFolder: string;
  /** Side of the detector's full input, px, a multiple of 32. */
  readonly detectionSize: number;
  /** True: try small inputs first. False: behave like the reference implementation. */
  readonly coarseDetection: boolean;
  readonly faceSelection: FaceSelection;
  /** Narrower faces are refused as face_too_small, px of the upright photo. */
  readonly minFaceSizePx: number;
  /** Lower quality scores are refused as low_quality, 0..1. Has an effect only above the pack's own limits. */
  readonly minFaceQuality: number;
  /** Strictness of the check of faces before a comparison. */
  readonly recognisability: 'strict' | 'standard' | 'off';
  /** Pixels of a JPEG at most; other formats can have half as many. */
  readonly maxImagePixels: number;
  /** Memory that decoding a photo can take, bytes. A photo that needs more is refused before it is decoded. */
  readonly maxDecodeBytes: number;
  readonly imageFormats: readonly ImageFormat[];
  readonly intraOpThreads: number;
  /** In order of preference: cpu, cuda, tensorrt, … */
  readonly executionProviders: readonly string[];
  /** True: fail if the first provider cannot run the models. False: try the next one, finally cpu. */
  readonly executionProviderRequired: boolean;
}
