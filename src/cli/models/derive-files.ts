import { hash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { deriveModel } from '../../worker/vision/onnx/derive-model.js';
import { derivedName } from '../../worker/vision/pack/verify-pack.js';
import { UserError } from '../user-error.js';
import { checkFiles, type ExpectedFile } from './check-files.js';

/** Returns every file of a pack: published and derived ones. */
export function filesOf({ files }: ModelManifest): readonly ExpectedFile[] {
  return files.flatMap(({ name, derived, ...file }) => [
    { name, ...file },
    ...(derived ? [{ ...derived, name: derivedName(name) }] : []),
  ]);
}

/**
 * Derives missing or damaged files from the published files in `folder`, which must be correct. Each file gets its name
 * only when it is complete and verified.
 * @throws UserError if a result differs from the manifest.
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
    if (!bytes || bytes.length !== derived.bytes || hash('sha256', bytes) !== derived.sha256) {
      throw new UserError(`The file derived from ${name} differs from the manifest; this is a bug.`);
    }
    await writeFile(join(workFolder, target.name), bytes);
    await rename(join(workFolder, target.name), join(folder, target.name));
  }
}
