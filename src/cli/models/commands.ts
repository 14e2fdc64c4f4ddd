import { join } from 'node:path';
import { listManifests } from '../../shared/models/model-catalogue.js';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { UserError } from '../user-error.js';
import { checkFiles } from './check-files.js';
import { filesOf } from './derive-files.js';
import { fetchPack } from './fetch-pack.js';
import { formatMegabytes } from './progress.js';

export interface CommandOptions {
  /** Folder of the manifests included with this program. */
  readonly manifestsDir: string;
  /** Folder with one folder of weights per pack. */
  readonly modelsDir: string;
  readonly say: (line: string) => void;
}

/** Prints state, size and permitted use of every known pack. */
export async function listPacks({ manifestsDir, modelsDir, say }: CommandOptions): Promise<void> {
  for (const manifest of listManifests(manifestsDir)) {
    const states = await checkFiles(join(modelsDir, manifest.name), filesOf(manifest));
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    const use = manifest.licence.commercial_use ? 'commercial use allowed' : 'no commercial use';
    say(
      `${manifest.name}  ${describeStates(states)}  ${formatMegabytes(bytes)}  ${manifest.licence.name}, ${use}`,
    );
    say(`    ${manifest.description}`);
  }
}

/** Fetches a pack. @throws UserError if the pack is unknown or unavailable. */
export async function fetchOne(name: string, options: CommandOptions & { from?: string }): Promise<void> {
  const fetched = await fetchPack(findManifest(name, options.manifestsDir), options);
  options.say(fetched ? `${name} is ready` : `${name} is already complete`);
}

/**
 * Checks one pack, or without a name every pack with at least one file.
 * @throws UserError that names each missing or damaged file and the command that fixes it.
 */
export async function verifyPacks(name: string | undefined, options: CommandOptions): Promise<void> {
  const { manifestsDir, modelsDir, say } = options;
  const manifests = name ? [findManifest(name, manifestsDir)] : listManifests(manifestsDir);
  const complaints: string[] = [];
  for (const manifest of manifests) {
    const states = await checkFiles(join(modelsDir, manifest.name), filesOf(manifest));
    if (!name && states.every(({ state }) => state === 'missing')) continue;
    const wrong = states.filter(({ state }) => state !== 'right');
    for (const file of wrong)
      complaints.push(`${join(modelsDir, manifest.name, file.name)} is ${file.state}`);
    if (wrong.length > 0) complaints.push(`  fix it with: npm run models -- fetch ${manifest.name}`);
    else say(`${manifest.name}: all ${states.length} files are correct`);
  }
  if (complaints.length > 0) throw new UserError(complaints.join('\n'));
}

function findManifest(name: string, manifestsDir: string): ModelManifest {
  const manifests = listManifests(manifestsDir);
  const found = manifests.find((manifest) => manifest.name === name);
  if (found) return found;
  throw new UserError(
    `There is no pack ${name}. Known: ${manifests.map((manifest) => manifest.name).join(', ')}.`,
  );
}

function describeStates(states: Awaited<ReturnType<typeof checkFiles>>): string {
  if (states.every(({ state }) => state === 'right')) return 'ready';
  return states.every(({ state }) => state === 'missing') ? 'not fetched' : 'damaged';
}
