import { extract } from 'tar';
import type { ModelManifest } from '../../shared/models/model-manifest.js';

/** Unpacks the files that a manifest names from the folder `inner` of a gzipped tar into `folder`. */
export async function extractTarball(
  archive: string,
  inner: string,
  { files, folder }: { readonly files: ModelManifest['files']; readonly folder: string },
): Promise<void> {
  const wanted = new Set(files.map(({ name }) => `${inner}/${name}`));
  await extract({
    file: archive,
    cwd: folder,
    strip: inner.split('/').length,
    filter: (path) => wanted.has(path),
    strict: true,
  });
}
