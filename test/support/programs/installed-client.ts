import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CLIENT = 'clients/typescript';
/** The client's dependencies and theirs. They are packed from here, so that nothing is downloaded. */
const DEPENDENCIES = ['jose', 'standardwebhooks', '@stablelib/base64', 'fast-sha256'];

/** Packs the TypeScript client, installs the package with npm into an empty folder, and returns that folder. */
export async function installClient(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'face-client-'));
  await compileFolder(CLIENT, ['--noEmit', 'false']);
  const sources = [`./${CLIENT}`, ...DEPENDENCIES.map((name) => `./node_modules/${name}`)];
  const quiet = ['--silent', '--ignore-scripts'];
  await run('npm', ['pack', ...sources, ...quiet, '--pack-destination', folder], { cwd: ROOT });
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  const packages = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  await run('npm', ['install', '--offline', ...quiet, ...packages.map((name) => `./${name}`)], {
    cwd: folder,
  });
  return folder;
}

/** Compiles a folder with a tsconfig.json. @throws Error with what is wrong. */
export async function compileFolder(folder: string, options: readonly string[] = []): Promise<void> {
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder, ...options], {
    cwd: ROOT,
  }).catch(({ stdout }: { stdout: string }) => {
    throw new Error(stdout);
  });
}
