import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { UserError } from '../user-error.js';

/**
 * Unpacks only the given files into `folder`. They can be at the archive's root or in the folder `inner`.
 * @throws UserError if a file has an unexpected size, before any byte of it is written.
 */
export async function extractZip(
  archive: string,
  inner: string,
  { files, folder }: { readonly files: ModelManifest['files']; readonly folder: string },
): Promise<void> {
  const wanted = new Map(
    files.flatMap((file) => [
      [file.name, file],
      [`${inner}/${file.name}`, file],
    ]),
  );
  const zip = await openPromise(archive, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      const file = wanted.get(entry.fileName);
      if (!file) continue;
      if (entry.uncompressedSize !== file.bytes)
        throw new UserError(
          `${file.name} in the archive has ${entry.uncompressedSize} bytes, not ${file.bytes}.`,
        );
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(join(folder, file.name)));
    }
  } finally {
    zip.close();
  }
}
