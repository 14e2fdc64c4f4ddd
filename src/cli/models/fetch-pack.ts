import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { checkFiles } from './check-files.js';
import { deriveFiles, filesOf } from './derive-files.js';
import { extractTarball } from './extract-tarball.js';
import { extractZip } from './extract-zip.js';
import { ModelError } from './model-error.js';
import { type ArchiveOptions, obtainArchive } from './obtain-archive.js';
import { withWorkFolder } from './work-folder.js';

/**
 * Makes every file of a pack be there and right, those derived from its publisher's included, and returns whether
 * anything had to be done. Files appear under
 * their names only when complete and verified; other files in the pack's folder are left alone.
 * @throws ModelError when the archive cannot be had or is another one.
 */
export async function fetchPack(manifest: ModelManifest, options: ArchiveOptions): Promise<boolean> {
  const { name, licence, files } = manifest;
  const folder = join(options.modelsDir, name);
  const states = await checkFiles(folder, filesOf(manifest));
  if (states.every(({ state }) => state === 'right')) return false;
  for (const file of states) if (file.state === 'damaged') options.say(`${file.name} is damaged`);
  const published = await checkFiles(folder, files);
  await withWorkFolder(options.modelsDir, name, async (workFolder) => {
    if (published.some(({ state }) => state !== 'right')) {
      options.say(`Fetching the model pack ${name}. Licence: ${licence.name}\n  ${licence.notice}`);
      const archive = await obtainArchive(manifest, workFolder, options);
      await extractArchive(archive, manifest, workFolder);
      await place(manifest, workFolder, folder);
    }
    await deriveFiles(manifest, { folder, workFolder });
  });
  await writeManifest(manifest, options.modelsDir);
  return true;
}

function extractArchive(archive: string, manifest: ModelManifest, folder: string): Promise<void> {
  const { source, files } = manifest;
  return source.kind === 'npm'
    ? extractTarball(archive, source.folder, { files, folder })
    : extractZip(archive, manifest, folder);
}

/** Moves verified files to their names, each in one step. */
async function place({ files }: ModelManifest, workFolder: string, folder: string): Promise<void> {
  const wrong = (await checkFiles(workFolder, files)).filter(({ state }) => state !== 'right');
  const list = wrong.map(({ name, state }) => `${name} is ${state}`).join(', ');
  if (list) throw new ModelError(`In the archive, ${list}.`);
  await mkdir(folder, { recursive: true });
  for (const { name } of files) await rename(join(workFolder, name), join(folder, name));
}

/** A models folder of its own, as in a container's volume, needs the manifest beside the weights. */
async function writeManifest(manifest: ModelManifest, modelsDir: string): Promise<void> {
  const path = join(modelsDir, `${manifest.name}.json`);
  if (!existsSync(path)) await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`);
}
