import { buildIfStale } from '../../scripts/setup/build-if-stale.mjs';
import { fetchPack } from '../../src/cli/models/fetch-pack.js';
import { readManifest } from '../../src/shared/models/model-catalogue.js';

/** Compiles the programs, repairs the pack `lite` and derives missing files. Suites start everything else they need. */
export default async function setup(): Promise<void> {
  await buildIfStale();
  const lite = readManifest('models', 'lite');
  if (!lite) throw new Error('models/lite.json is missing');
  await fetchPack(lite, { modelsDir: 'models', say: (line) => process.stderr.write(`${line}\n`) });
}
