import { fetchPack } from '../../src/cli/models/fetch-pack.js';
import { readManifest } from '../../src/shared/models/model-catalogue.js';

/** Mends the embedded pack, or derives what is missing of it; suites start all else that they need themselves. */
export default async function setup(): Promise<void> {
  const lite = readManifest('models', 'lite');
  if (!lite) throw new Error('models/lite.json is missing');
  await fetchPack(lite, { modelsDir: 'models', say: (line) => process.stderr.write(`${line}\n`) });
}
