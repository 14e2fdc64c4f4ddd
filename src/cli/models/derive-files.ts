import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { digestOf } from '../../worker/vision/digest.js';
import { deriveModel } from '../../worker/vision/onnx/derive-model.js';
import { derivedName } from '../../worker/vision/pack/verify-pack.js';
import { checkFiles, type ExpectedFile } from './check-files.js';
import { ModelError } from './model-error.js';

/** Returns every file of a pack: those of its publisher, and what is derived from them. */
export function filesOf({ files }: ModelManifest): readonly ExpectedFile[] {
  return files.flatMap(({ name, derived, ...file }) => [
    { name, ...file },
    ...(derived ? [{ ...derived, name: derivedName(name) }] : []),
  ]);
}

/**
 * Derives what is missing or damaged from the publisher's files in `folder`, which must be right. Each file appears
 * under its name only when complete and verified.
 * @throws ModelError when it comes out other than the manifest says.
 */
export async function deriveFiles(
  { files }: ModelManifest,
  { folder, workFolder }: { readonly folder: string; readonly workFolder: string },
): Promise<void> {
  for (const { name, derived } of files) {
    if (!derived) continue;
    const target = { ...derived, name: derivedName(name) };
    const [found] = await checkFiles(folder, [target]);
    if (found?.state === 'right') continue;
    const bytes = deriveModel(await readFile(join(folder, name)), { freeInputSize: derived.free_input_size });
    if (!bytes || bytes.length !== derived.bytes || digestOf(bytes) !== derived.sha256) {
      throw new ModelError(`What was derived from ${name} is not what the manifest names; this is a bug.`);
    }
    await writeFile(join(workFolder, target.name), bytes);
    await rename(join(workFolder, target.name), join(folder, target.name));
  }
}
