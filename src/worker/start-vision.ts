import type { WorkerConfig } from '../shared/config/config.js';
import { packFolder } from '../shared/models/model-catalogue.js';
import type { ModelManifest } from '../shared/models/model-manifest.js';
import { createVisionPool, type VisionPool, type VisionPoolOptions } from './vision/process/vision-pool.js';
import type { VisionSettings } from './vision/types.js';

const MEBIBYTE = 1_048_576;

/** Starts the vision processes that a configuration describes; the caller closes the pool. */
export function startVision(
  config: WorkerConfig,
  manifest: ModelManifest | undefined,
  events: Pick<VisionPoolOptions, 'onLost' | 'onNoneLeft'> = {},
): VisionPool {
  return createVisionPool({
    settings: visionSettings(config),
    manifest,
    processes: config.VISION_PROCESSES,
    memoryLimitBytes: config.VISION_MEMORY_MB * MEBIBYTE,
    environment: config.VISION_ENVIRONMENT,
    ...events,
  });
}

/** Returns the settings of a vision process. */
export function visionSettings(config: WorkerConfig): VisionSettings {
  return {
    packFolder: packFolder(config.MODELS_DIR, config.INSIGHTFACE_MODEL),
    detectionSize: config.DETECTION_SIZE,
    coarseDetection: config.COARSE_DETECTION,
    faceSelection: config.FACE_SELECTION,
    minFaceSizePx: config.MIN_FACE_SIZE,
    minFaceQuality: config.MIN_FACE_QUALITY,
    recognisability: config.FACE_RECOGNISABILITY,
    maxImagePixels: config.MAX_IMAGE_PIXELS,
    // The other half is for the models and the steps after decoding, so that no photo exhausts a process's memory.
    maxDecodeBytes: (config.VISION_MEMORY_MB * MEBIBYTE) / 2,
    imageFormats: config.IMAGE_FORMATS,
    intraOpThreads: config.VISION_THREADS,
    executionProviders: config.EXECUTION_PROVIDERS,
    executionProviderRequired: config.EXECUTION_PROVIDER_REQUIRED,
  };
}
