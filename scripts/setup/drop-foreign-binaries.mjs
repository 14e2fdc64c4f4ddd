import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Removes the libraries of other systems and processors that onnxruntime-node brings, 245 of its 290 MB. npm looks at
 * names and versions only, so it misses nothing. `modules`: path of node_modules.
 */
export function dropForeignBinaries(modules, { platform, arch } = process) {
  const root = join(modules, 'onnxruntime-node/bin');
  const binaries = listBinaries(root);
  const isOurs = ([, system, processor]) => system === platform && processor === arch;
  if (!binaries.some(isOurs)) return;
  for (const names of binaries) if (!isOurs(names)) rmSync(join(root, ...names), { recursive: true });
}

/** Returns version, system and processor of each folder of libraries. */
function listBinaries(root) {
  try {
    return listFolders(root).flatMap((version) =>
      listFolders(join(root, version)).flatMap((system) =>
        listFolders(join(root, version, system)).map((processor) => [version, system, processor]),
      ),
    );
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function listFolders(path) {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
