import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from 'tar';
import type { ModelManifest, ModelSource } from '../../shared/models/model-manifest.js';
import { UserError } from '../user-error.js';
import { runClient } from './run-client.js';

type NpmSource = Extract<ModelSource, { kind: 'npm' }>;

/**
 * Fetches a package's tarball into `folder` and returns its path. Uses npm, so that the user's registry, proxy and
 * certificates apply. Nothing of the package is installed or run.
 * @throws UserError if npm fails.
 */
export async function fetchTarball(source: NpmSource, folder: string): Promise<string> {
  const wanted = `${source.package}@${source.version}`;
  const options = ['--ignore-scripts', '--json', '--loglevel=silent', '--pack-destination', folder];
  const { code, output } = await runClient('npm', ['pack', wanted, ...options]);
  const [name] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  if (code === 0 && name) return join(folder, name);
  // npm's message in JSON, without stack and advice.
  const reason = /"summary": "(.*)"/.exec(output)?.[1] ?? output.trim();
  throw new UserError(
    `npm could not fetch ${wanted}: ${reason}\nIt needs the npm registry, or the package as a file: npm run models -- fetch lite --from FILE`,
  );
}

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
