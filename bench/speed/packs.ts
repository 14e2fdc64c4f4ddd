import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findExtraModel } from '../../test/support/extra-files.js';

/** A model pack to measure. */
export interface Pack {
  readonly name: 'lite' | 'open' | 'scrfd_2.5g' | 'scrfd_2.5g + ResNet-50';
  /** Value of INSIGHTFACE_MODEL and of MODELS_DIR. */
  readonly model: string;
  readonly modelsDir: string;
  readonly files: { readonly detector: string; readonly landmarks?: string; readonly recogniser: string };
}

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));
const RECOGNISER = 'fr_feature.onnx';

/** The pack that the project comes with. */
export const LITE: Pack = {
  name: 'lite',
  model: 'lite',
  modelsDir: MODELS,
  files: { detector: 'fr_detect.onnx', landmarks: 'fr_landmark.onnx', recogniser: RECOGNISER },
};

/** Returns the pack `open`, where it has been fetched. */
export function findOpenPack(): Pack | undefined {
  const files = {
    detector: 'face_detection_yunet_2023mar_int8bq.derived.onnx',
    recogniser: 'face_recognition_sface_2021dec_int8bq.derived.onnx',
  };
  const isThere = Object.values(files).every((file) => existsSync(join(MODELS, 'open', file)));
  return isThere ? { name: 'open', model: 'open', modelsDir: MODELS, files } : undefined;
}

/**
 * Makes a pack in InsightFace's layout in `folder`: SCRFD-2.5G, the detector of buffalo_m, with the recogniser of `lite`.
 * Returns undefined if `FACE_EXTRA_MODELS` does not hold the detector.
 */
export function makeScrfdPack(folder: string): Pack | undefined {
  const detector = findExtraModel('scrfd_2.5g.onnx');
  if (!detector) return undefined;
  const model = 'scrfd_2.5g';
  mkdirSync(join(folder, model), { recursive: true });
  copyFileSync(detector, join(folder, model, 'det_2.5g.onnx'));
  copyFileSync(join(MODELS, 'lite', RECOGNISER), join(folder, model, RECOGNISER));
  return {
    name: 'scrfd_2.5g',
    model,
    modelsDir: folder,
    files: { detector: 'det_2.5g.onnx', recogniser: RECOGNISER },
  };
}

/**
 * Makes the same with a recogniser of the shape of w600k_r50, that of buffalo_l, which `makeResnet` writes to a file. Its
 * weights are random: it recognises nobody.
 */
export function makeResnetPack(folder: string, makeResnet: (file: string) => void): Pack {
  const detector = findExtraModel('scrfd_2.5g.onnx');
  if (!detector) throw new Error('FACE_EXTRA_MODELS holds no scrfd_2.5g.onnx');
  const [model, recogniser] = ['scrfd_2.5g_resnet50', 'resnet50.onnx'];
  mkdirSync(join(folder, model), { recursive: true });
  copyFileSync(detector, join(folder, model, 'det_2.5g.onnx'));
  makeResnet(join(folder, model, recogniser));
  return {
    name: 'scrfd_2.5g + ResNet-50',
    model,
    modelsDir: folder,
    files: { detector: 'det_2.5g.onnx', recogniser },
  };
}
