import { readFileSync } from 'node:fs';
import { loadWorkerConfig, type WorkerConfig } from '../../shared/config/config.js';
import { listRecognisers, packName, readManifest } from '../../shared/models/model-catalogue.js';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { createVisionPool } from '../../worker/vision/process/vision-pool.js';
import type { FaceAnalysis } from '../../worker/vision/types.js';
import { UserError } from '../user-error.js';

/** The models behind a score, and everything else that affects it. */
export interface ModelDescription {
  /** Version of this program. */
  readonly serviceVersion: string;
  readonly pack: string;
  /** SHA-256 of the model files, hex. */
  readonly detector: string;
  readonly recogniser: string;
  readonly settings: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** The worker's vision with the worker's settings. */
export interface OpenVision {
  readonly config: WorkerConfig;
  readonly manifest: ModelManifest | undefined;
  readonly model: ModelDescription;
  /** Photos processed at the same time. */
  readonly processes: number;
  /** @throws VerificationError as VisionPool.analyse. The signal's reason if it aborts. */
  analyse(bytes: Uint8Array, signal?: AbortSignal): Promise<FaceAnalysis>;
  close(): Promise<void>;
}

/**
 * Starts vision with the worker settings from the environment. `pack`: name or folder of a model pack instead of
 * INSIGHTFACE_MODEL.
 * @throws ConfigError for an invalid setting; UserError if the pack cannot be loaded.
 */
export async function openVision(pack: string | undefined, say: (line: string) => void): Promise<OpenVision> {
  const { config, warnings } = loadToolConfig(pack);
  for (const warning of warnings) say(warning);
  const manifest = readManifest(config.MODELS_DIR, config.INSIGHTFACE_MODEL);
  const pool = createVisionPool({
    ...config.vision,
    manifest: manifest ?? { recognisers: listRecognisers(config.MODELS_DIR) },
  });
  try {
    const { detector, recogniser } = await pool.ready();
    const deadlineMs = config.IMAGE_DECODE_TIMEOUT * 1_000;
    return {
      config,
      manifest,
      model: {
        pack: packName(config.INSIGHTFACE_MODEL),
        detector,
        recogniser,
        serviceVersion: readVersion(),
        settings: describeSettings(config),
      },
      processes: config.VISION_PROCESSES,
      analyse: (bytes, signal) => pool.analyse(bytes, { deadlineMs, ...(signal ? { signal } : {}) }),
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw new UserError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/**
 * Reads the worker settings from the environment. `pack`: name or folder of a model pack instead of INSIGHTFACE_MODEL.
 * @throws ConfigError for an invalid setting.
 */
export function loadToolConfig(pack: string | undefined): ReturnType<typeof loadWorkerConfig> {
  const chosen = pack ? { INSIGHTFACE_MODEL: pack, INSIGHTFACE_MODEL_FILE: undefined } : {};
  return loadWorkerConfig({ ...process.env, ...chosen });
}

/** Settings that affect the scores. */
function describeSettings(config: WorkerConfig): ModelDescription['settings'] {
  const { DETECTION_SIZE, COARSE_DETECTION, FACE_SELECTION, MIN_FACE_SIZE, MIN_FACE_QUALITY } = config;
  const { FACE_RECOGNISABILITY, MAX_IMAGE_PIXELS, MAX_IMAGE_BYTES, IMAGE_FORMATS, EXECUTION_PROVIDERS } =
    config;
  return {
    DETECTION_SIZE,
    COARSE_DETECTION,
    FACE_SELECTION,
    MIN_FACE_SIZE,
    MIN_FACE_QUALITY,
    FACE_RECOGNISABILITY,
    MAX_IMAGE_PIXELS,
    MAX_IMAGE_BYTES,
    IMAGE_FORMATS,
    EXECUTION_PROVIDERS,
  };
}

function readVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
