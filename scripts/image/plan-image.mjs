import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFileTrace } from '@vercel/nft';

/**
 * What modules open under a name that they compute, so that no import shows it: files, whole folders, and programs, whose
 * own imports count as well.
 */
export const OPENED_BY_NAME = [
  { by: 'dist/api/pages/page-files.js', files: ['dist/api/pages/demo', 'dist/api/pages/theme'] },
  {
    by: 'dist/worker/vision/process/vision-child.js',
    programs: ['dist/worker/vision/process/vision-process.js'],
  },
  { by: 'dist/api/http/request-parser.js', programs: ['dist/api/http/parse-thread.js'] },
  { by: 'dist/cli/all-in-one.js', programs: ['dist/api/main.js', 'dist/worker/main.js'] },
  { by: 'dist/shared/runtime/service-version.js', files: ['package.json'] },
  { by: 'node_modules/@bull-board/api', files: ['node_modules/@bull-board/ui'] },
  {
    by: 'node_modules/onnxruntime-node',
    files: [`node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`],
  },
];

/** Found by their folder, but not needed: packs are downloaded, and onnxruntime-node has libraries for every platform. */
const NOT_TAKEN = ['models/**', 'node_modules/onnxruntime-node/bin/**'];
/** What no program loads: source maps, types, the sources of packages and their documents. */
const UNUSED = /\.(map|ts|cts|mts|md)$/;
/** Their authors ask for this text wherever the package goes. */
const LICENCE = /^(licen[cs]e|copying|notice)/i;
const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/**
 * Returns the modules of this project that `programs` import, statically or dynamically, and the folders of the packages
 * that those name. `programs`: compiled files, which are modules too. All paths are relative to `root`.
 */
export async function traceModules({ root, programs }) {
  const modules = new Set();
  const packages = new Set();
  let waiting = programs;
  while (waiting.length > 0) {
    const ignore = [...NOT_TAKEN, 'node_modules/**'];
    const { fileList, reasons } = await trace({ root, programs: waiting, ignore });
    for (const file of fileList) if (file.endsWith('.js')) modules.add(file);
    for (const folder of foldersOfPackages(reasons.keys())) packages.add(folder);
    const opened = openedBy([...modules, ...packages]).flatMap((entry) => entry.programs ?? []);
    waiting = opened.filter((program) => !modules.has(program));
  }
  return { modules, packages };
}

/**
 * Returns every file that `programs` need at run time: their modules, what those import of packages, what is opened by
 * name, the binaries that packages choose by platform, and licences. All paths are relative to `root`.
 */
export async function planImage({ root, programs }) {
  const { modules } = await traceModules({ root, programs });
  const { fileList: files } = await trace({ root, programs: [...modules], ignore: NOT_TAKEN });
  for (const { files: paths = [] } of openedBy([...modules, ...foldersOfPackages(files)]))
    for (const path of paths) addAll(root, path, files);
  for (const folder of foldersOfPackages(files)) {
    addLicences(root, folder, files);
    for (const name of optionalDependenciesOf(root, folder)) addAll(root, `node_modules/${name}`, files);
  }
  return [...files].filter((file) => !UNUSED.test(file)).sort();
}

/** Returns the folders of the packages that `files` lie in. */
export function foldersOfPackages(files) {
  return new Set([...files].flatMap((file) => PACKAGE.exec(file)?.[0] ?? []));
}

function openedBy(places) {
  return OPENED_BY_NAME.filter(({ by }) => places.includes(by));
}

async function trace({ root, programs, ignore }) {
  const paths = programs.map((program) => join(root, program));
  const result = await nodeFileTrace(paths, { base: root, processCwd: root, ignore });
  // Warnings about packages name the other platforms and databases that they support; those of our modules are faults.
  const faults = [...result.warnings].filter(({ message }) =>
    message.includes(`loaded from ${join(root, 'dist')}`),
  );
  if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join('\n'));
  return result;
}

function addAll(root, path, files) {
  if (!existsSync(join(root, path))) return;
  if (statSync(join(root, path)).isFile()) files.add(path);
  else for (const name of readdirSync(join(root, path))) addAll(root, `${path}/${name}`, files);
}

function addLicences(root, folder, files) {
  for (const name of readdirSync(join(root, folder)))
    if (LICENCE.test(name)) addAll(root, `${folder}/${name}`, files);
}

/** npm installs those of this platform only; packages compute which of them they load. */
function optionalDependenciesOf(root, folder) {
  const path = join(root, folder, 'package.json');
  return existsSync(path)
    ? Object.keys(JSON.parse(readFileSync(path, 'utf8')).optionalDependencies ?? {})
    : [];
}
