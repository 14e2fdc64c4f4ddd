import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { ModelError } from './model-error.js';

/**
 * Unpacks the files a manifest names into `folder` and leaves everything else of the archive alone. Files may lie at the
 * archive's root or in a folder named after the pack, as in antelopev2.zip.
 * @throws ModelError when a file's size is not the one expected, before a byte of it is written.
 */
export async function extractZip(archive: string, manifest: ModelManifest, folder: string): Promise<void> {
  const wanted = new Map(
    manifest.files.flatMap((file) => [
      [file.name, file],
      [`${manifest.name}/${file.name}`, file],
    ]),
  );
  const zip = await openPromise(archive, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      const file = wanted.get(entry.fileName);
      if (!file) continue;
      if (entry.uncompressedSize !== file.bytes)
        throw new ModelError(
          `${file.name} in the archive has ${entry.uncompressedSize} bytes, not ${file.bytes}.`,
        );
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(join(folder, file.name)));
    }
  } finally {
    zip.close();
  }
}
