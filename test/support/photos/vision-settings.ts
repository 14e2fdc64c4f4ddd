import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PackManifest } from '../../../src/worker/vision/pack/model-pack.js';
import type { VisionSettings } from '../../../src/worker/vision/types.js';

const MODELS = new URL('../../../models/', import.meta.url);

/** Folder of the pack `lite`; `npm run models -- fetch lite` fills it. */
export const LITE_FOLDER = fileURLToPath(new URL('lite', MODELS));

/** Folder of the pack `open`. Tests that need it skip until `npm run models -- fetch open` has filled it. */
export const OPEN_FOLDER = fileURLToPath(new URL('open', MODELS));

/** True if the pack `open` has been fetched. */
export const hasOpen = existsSync(OPEN_FOLDER);

/** Returns the manifest of the pack `open`. */
export function openManifest(): PackManifest {
  return JSON.parse(readFileSync(new URL('open.json', MODELS), 'utf8')) as PackManifest;
}

/** Returns the manifest of the pack `lite`. */
export function liteManifest(): PackManifest {
  return JSON.parse(readFileSync(new URL('lite.json', MODELS), 'utf8')) as PackManifest;
}

/** Returns a worker's default settings for the pack `lite` and one thread. */
export function liteSettings(changes: Partial<VisionSettings> = {}): VisionSettings {
  return {
    packFolder: LITE_FOLDER,
    detectionSize: 640,
    coarseDetection: true,
    faceSelection: 'largest',
    minFaceSizePx: 20,
    minFaceQuality: 0,
    recognisability: 'standard',
    maxImagePixels: 110_000_000,
    maxDecodeBytes: 768 * 2 ** 20,
    imageFormats: ['jpeg', 'png', 'webp'],
    intraOpThreads: 1,
    executionProviders: ['cpu'],
    executionProviderRequired: false,
    ...changes,
  };
}
