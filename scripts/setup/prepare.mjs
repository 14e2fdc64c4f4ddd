import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIfStale } from './build-if-stale.mjs';
import { checkNode } from './check-node.mjs';
import { installDependencies } from './install-dependencies.mjs';
import { loadEnvFile } from './load-env-file.mjs';
import { ROOT } from './root.mjs';
import { SetupError } from './setup-error.mjs';

/** Ensures the compiled program and its dependencies exist. Fast if they already do. */
export async function prepareProgram() {
  checkNode();
  await installDependencies();
  await buildIfStale();
}

/** As `prepareProgram`, for a command whose settings can stand in .env; says so where they do. */
export async function prepareConfigured(environment = process.env) {
  checkNode();
  const envFile = loadEnvFile(environment);
  if (envFile) console.error(`Settings from ${envFile.path}: ${envFile.names.join(', ') || 'none'}`);
  for (const warning of envFile?.warnings ?? []) console.error(`Warning: ${warning}`);
  await prepareProgram();
}

/** Returns the exports of a compiled module: only there after `prepareProgram`. */
export function importBuilt(path) {
  return import(pathToFileURL(join(ROOT, 'dist', path)).href);
}

/** Fetches or repairs the model pack that needs no licence. `modelsDir`: folder of the packs; default models. */
export async function prepareLite(modelsDir = join(ROOT, 'models')) {
  const { fetchPack } = await importBuilt('cli/models/fetch-pack.js');
  const { readManifest } = await importBuilt('shared/models/model-catalogue.js');
  const manifest = readManifest(join(ROOT, 'models'), 'lite');
  try {
    await fetchPack(manifest, { modelsDir, say: (line) => console.error(line) });
  } catch (error) {
    if (error.name === 'UserError') throw new SetupError(error.message);
    throw error;
  }
}
