import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A model pack to measure. */
export interface Pack {
  readonly name: 'lite' | 'scrfd_2.5g';
  /** Value of INSIGHTFACE_MODEL and of MODELS_DIR. */
  readonly model: string;
  readonly modelsDir: string;
  readonly files: { readonly detector: string; readonly landmarks?: string; readonly recogniser: string };
}

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));
const SHARED_DETECTOR = fileURLToPath(new URL('../../../shared/models/scrfd_2.5g.onnx', import.meta.url));
const RECOGNISER = 'fr_feature.onnx';

/** The embedded pack. */
export const LITE: Pack = {
  name: 'lite',
  model: 'lite',
  modelsDir: MODELS,
  files: { detector: 'fr_detect.onnx', landmarks: 'fr_landmark.onnx', recogniser: RECOGNISER },
};

/**
 * Returns a pack in InsightFace layout made in `folder`: SCRFD-2.5G, the detector of buffalo_m, with the recogniser of
 * `lite`. Undefined where ../shared has no such detector.
 */
export function makeScrfdPack(folder: string): Pack | undefined {
  if (!existsSync(SHARED_DETECTOR)) return undefined;
  const model = 'scrfd_2.5g';
  mkdirSync(join(folder, model), { recursive: true });
  copyFileSync(SHARED_DETECTOR, join(folder, model, 'det_2.5g.onnx'));
  copyFileSync(join(MODELS, 'lite', RECOGNISER), join(folder, model, RECOGNISER));
  return {
    name: 'scrfd_2.5g',
    model,
    modelsDir: folder,
    files: { detector: 'det_2.5g.onnx', recogniser: RECOGNISER },
  };
}
