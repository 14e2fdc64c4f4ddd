// Copies programs with everything that they need at run time, and nothing else, for an image:
//   node scripts/copy-program.mjs FOLDER PROGRAM...
// FOLDER: must not exist. PROGRAM: a compiled file, such as dist/api/main.js. What is needed is derived from the imports.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { foldersOfPackages, planImage, traceModules } from './image/plan-image.mjs';

const SPECIFIER = /(?:from|import)\s*\(?\s*['"]([\w@./:-]+)['"]/g;

/** Copies `programs` and what they need from `root` to `folder`, and returns the number of files, bytes and packages. */
export async function copyProgram({ root, folder, programs }) {
  for (const path of [folder, join(folder, '../node_modules')])
    if (existsSync(path)) throw new Error(`${path} exists: nothing may lie where the copy would find it`);
  const files = await planImage({ root, programs });
  for (const file of files) cpSync(join(root, file), join(folder, file), { dereference: true });
  const bytes = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  return { files: files.length, bytes, packages: foldersOfPackages(files).size };
}

/**
 * Loads every package that the copied modules of this project name, statically or dynamically, from the copy alone.
 * @throws Error if one is missing or lacks a file.
 */
export async function loadPackages({ root, folder, programs }) {
  const { modules } = await traceModules({ root, programs });
  const specifiers = new Set([...modules].flatMap((module) => packagesNamedIn(join(folder, module))));
  const script = [...specifiers].map((specifier) => `await import(${JSON.stringify(specifier)});`).join('\n');
  // A failure's message holds what Node wrote, which names the module.
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `${script}
process.exit(0);`,
    ],
    {
      cwd: folder,
      stdio: 'pipe',
    },
  );
}

function packagesNamedIn(path) {
  const specifiers = [...readFileSync(path, 'utf8').matchAll(SPECIFIER)].map((match) => match[1]);
  return specifiers.filter((specifier) => !/^(\.|node:)/.test(specifier));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [target, ...programs] = process.argv.slice(2);
  const place = { root: process.cwd(), folder: resolve(target), programs };
  const { files, bytes, packages } = await copyProgram(place);
  await loadPackages(place);
  console.log(
    `${programs.join(', ')}: ${files} files of ${packages} packages, ${(bytes / 1e6).toFixed(1)} MB`,
  );
}
