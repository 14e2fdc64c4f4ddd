import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { checkFiles } from './check-files.js';
import { deriveFiles, filesOf } from './derive-files.js';
import { type FetchOptions, obtainFiles } from './obtain-files.js';
import { withWorkFolder } from './work-folder.js';

/**
 * Ensures that every file of a pack exists and is correct, including derived files. Returns true if anything was fetched
 * or derived. Files get their names only when they are complete and verified; other files in the folder stay unchanged.
 * @throws UserError if no source has them.
 */
export async function fetchPack(manifest: ModelManifest, options: FetchOptions): Promise<boolean> {
  const { name, licence, files } = manifest;
  const folder = join(options.modelsDir, name);
  const states = await checkFiles(folder, filesOf(manifest));
  if (states.every(({ state }) => state === 'right')) return false;
  for (const file of states) if (file.state === 'damaged') options.say(`${file.name} is damaged`);
  const published = await checkFiles(folder, files);
  await withWorkFolder(options.modelsDir, name, async (workFolder) => {
    if (published.some(({ state }) => state !== 'right')) {
      options.say(`Fetching the model pack ${name}. Licence: ${licence.name}\n  ${licence.notice}`);
      await obtainFiles(manifest, workFolder, options);
      await place(manifest, workFolder, folder);
    }
    await deriveFiles(manifest, { folder, workFolder });
    await placeManifest(manifest, workFolder, options.modelsDir);
  });
  return true;
}

/** Moves verified files to their names atomically. */
async function place({ files }: ModelManifest, workFolder: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name } of files) await rename(join(workFolder, name), join(folder, name));
}

/** A separate models folder, such as a container's volume, needs the manifest next to the weights. */
async function placeManifest(manifest: ModelManifest, workFolder: string, modelsDir: string): Promise<void> {
  const file = `${manifest.name}.json`;
  if (existsSync(join(modelsDir, file))) return;
  await writeFile(join(workFolder, file), `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(join(workFolder, file), join(modelsDir, file));
}
