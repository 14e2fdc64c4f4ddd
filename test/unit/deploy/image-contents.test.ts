import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyProgram, loadPackages } from '../../../scripts/copy-program.mjs';
import { OPENED_BY_NAME, traceModules } from '../../../scripts/image/plan-image.mjs';
import { importClosure } from './import-closure.js';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

const IMAGES = ['Dockerfile.api', 'Dockerfile.worker', 'Dockerfile.all-in-one'] as const;
/** Opens models/*.json, which every Dockerfile copies. */
const READS_MANIFESTS = 'src/cli/models.ts';

const sourceOf = (module: string): string => module.replace(/^dist\/(.*)\.js$/, 'src/$1.ts');

/** Returns the programs that a Dockerfile copies. */
function programsOf(path: string): readonly string[] {
  const [, programs = ''] =
    /copy-program\.mjs \/image((?:\s+\\?\s*dist\/\S+\.js)+)/.exec(readFromRoot(path)) ?? [];
  return programs.split(/[\s\\]+/).filter(Boolean);
}

/** Returns `programs` and those that one of their modules starts. */
function withStarted(programs: readonly string[]): readonly string[] {
  const { files } = importClosure(programs.map(sourceOf));
  const started = OPENED_BY_NAME.filter(({ by }) => files.has(sourceOf(by))).flatMap(
    (it) => it.programs ?? [],
  );
  const all = [...new Set([...programs, ...started])];
  return all.length === programs.length ? all : withStarted(all);
}

describe.each(IMAGES)('%s', (path) => {
  const programs = programsOf(path);
  const needed = importClosure(withStarted(programs).map(sourceOf));

  it('carries every module that its programs import, and no other', async () => {
    const { modules, packages } = await traceModules({ root: fromRoot(''), programs });

    expect([...modules].map(sourceOf).sort()).toEqual([...needed.files].sort());
    expect([...packages].map((folder) => folder.replace('node_modules/', '')).sort()).toEqual(
      [...needed.packages].sort(),
    );
  });

  it('carries what its modules open under a computed name', () => {
    const computing = [...needed.files].filter((file) => /\bimport\.meta\b/.test(readFromRoot(file)));

    expect(computing.length).toBeGreaterThan(0);
    for (const file of computing.filter((it) => it !== READS_MANIFESTS))
      expect(OPENED_BY_NAME.map(({ by }) => sourceOf(by))).toContain(file);
  });

  it('carries the programs that it starts', () => {
    const started = [...readFromRoot(path).matchAll(/"(dist\/\S+\.js)"/g)].map((match) => match[1]);
    if (readFromRoot(path).includes('fetch-models.sh')) started.push('dist/cli/models.js');

    for (const program of started) expect(programs).toContain(program);
  });
});

it('what modules open by name exists', () => {
  for (const { by, files = [], programs = [] } of OPENED_BY_NAME)
    for (const path of [by, ...files, ...programs]) expect(existsSync(fromRoot(path)), path).toBe(true);
});

it('the image of the API has no package that only workers and commands need', () => {
  const { packages } = importClosure(programsOf('Dockerfile.api').map(sourceOf));

  for (const name of ['sharp', 'onnxruntime-node', 'undici', 'tar', 'yauzl', 'citty', 'cli-progress'])
    expect([...packages]).not.toContain(name);
});

it('the image of the worker has no HTTP framework and no queue board', () => {
  const { packages } = importClosure(withStarted(programsOf('Dockerfile.worker')).map(sourceOf));

  expect([...packages].filter((name) => /hono|bull-board/.test(name))).toEqual([]);
});

it('the commands that the documents run in a container are in its image', () => {
  const commands = readdirSync(fromRoot('docs'))
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => [...readFromRoot(`docs/${name}`).matchAll(/worker\S* node (dist\/cli\/\S+\.js)/g)])
    .map((match) => match[1]);

  expect(commands.length).toBeGreaterThan(1);
  for (const command of commands) expect(programsOf('Dockerfile.worker')).toContain(command);
});

describe('copying a program', () => {
  let root: string;
  let folder: string;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const writePackage = (name: string, text: string): void => {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(`node_modules/${name}/index.js`, text);
  };
  const copy = () => ({ root, folder, programs: ['dist/main.js'] });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'face-copied-'));
    folder = join(mkdtempSync(join(tmpdir(), 'face-image-')), 'image');
    write('package.json', '{ "type": "module" }');
    write('dist/main.js', "export const load = () => import('./lazy.js');");
    write('dist/lazy.js', "import 'used';\nexport const load = () => import('lazy');");
    write('dist/unused.js', '');
    writePackage('used', "require('./inner');");
    write('node_modules/used/inner.js', "require('inner');");
    for (const name of ['inner', 'lazy', 'foreign']) writePackage(name, '');
  });
  afterEach(() => {
    for (const path of [root, dirname(folder)]) rmSync(path, { recursive: true });
  });

  it('takes what is imported, dynamically too, and nothing else', async () => {
    await copyProgram(copy());
    await loadPackages(copy());

    expect(readdirSync(join(folder, 'dist'))).toEqual(['lazy.js', 'main.js']);
    expect(readdirSync(join(folder, 'node_modules'))).toEqual(['inner', 'lazy', 'used']);
  });

  it('takes licences, but no types, source maps or documents', async () => {
    for (const name of ['LICENSE', 'README.md', 'index.d.ts', 'index.js.map', 'unused.js'])
      write(`node_modules/used/${name}`, '');

    await copyProgram(copy());

    expect(readdirSync(join(folder, 'node_modules/used'))).toEqual([
      'LICENSE',
      'index.js',
      'inner.js',
      'package.json',
    ]);
  });

  it('takes the binaries that a package finds by platform', async () => {
    write(
      'node_modules/used/package.json',
      '{ "main": "index.js", "optionalDependencies": { "@a/linux-x64": "1.0.0" } }',
    );
    write('node_modules/@a/linux-x64/native.node', '');

    await copyProgram(copy());

    expect(existsSync(join(folder, 'node_modules/@a/linux-x64/native.node'))).toBe(true);
  });

  it('fails when a module of ours imports something that does not exist', async () => {
    write('dist/lazy.js', "export const load = () => import('absent');");

    await expect(copyProgram(copy())).rejects.toThrow(/absent/);
  });

  it.each(['lazy', 'inner'])('finds that the copy lacks the package %s', async (name) => {
    await copyProgram(copy());
    rmSync(join(folder, 'node_modules', name), { recursive: true });

    await expect(loadPackages(copy())).rejects.toThrow(new RegExp(`Cannot find (package|module) '${name}'`));
  });
});
