import { fetchPack } from '../../src/cli/models/fetch-pack.js';
import { readManifest } from '../../src/shared/models/model-catalogue.js';

/** Repairs the pack `lite` and derives missing files. Suites start everything else that they need. */
export default async function setup(): Promise<void> {
  const lite = readManifest('models', 'lite');
  if (!lite) throw new Error('models/lite.json is missing');
  await fetchPack(lite, { modelsDir: 'models', say: (line) => process.stderr.write(`${line}\n`) });
}
