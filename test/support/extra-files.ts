import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';

// Models and photos that cannot be part of this repository. CONTRIBUTING.md says where to get them.

export type ExtraModel = 'scrfd_500m.onnx' | 'scrfd_2.5g.onnx';

/** Returns the path of a model in the folder `FACE_EXTRA_MODELS`, or undefined if it is not there. */
export function findExtraModel(name: ExtraModel): string | undefined {
  const path = join(process.env.FACE_EXTRA_MODELS ?? '', name);
  return process.env.FACE_EXTRA_MODELS && existsSync(path) ? path : undefined;
}

/** Returns the path of a model in the folder `FACE_EXTRA_MODELS`; skips the running test if it is not there. */
export function extraModelOrSkip(name: ExtraModel, { skip }: Pick<TestContext, 'skip'>): string {
  return findExtraModel(name) ?? skip(`needs ${name} in the folder FACE_EXTRA_MODELS (CONTRIBUTING.md)`);
}

/**
 * Returns the folder `FACE_PHOTO_SET`, which holds photos and master.csv.
 *
 * @throws Error if the variable is not set.
 */
export function photoSetFolder(): string {
  const folder = process.env.FACE_PHOTO_SET;
  if (!folder) throw new Error('Set FACE_PHOTO_SET to a folder with photos and master.csv (CONTRIBUTING.md)');
  return folder;
}
