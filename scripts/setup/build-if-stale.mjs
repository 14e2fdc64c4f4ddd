import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';
import { runCommand } from './run-command.mjs';
import { showStep } from './show-step.mjs';

const STAMP = 'build-stamp';
/** Everything whose change makes another build, beside the files of src. */
const SETTINGS = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Compiles src to dist unless dist was made of exactly these sources. */
export async function buildIfStale() {
  const digest = sourceDigest();
  if (isBuilt(digest)) return;
  await showStep('Building', () => build(digest));
}

/**
 * Compiles src into a fresh folder and puts it in dist's place, so that a failed or interrupted build leaves the last
 * one whole and a deleted source leaves nothing behind. Files that are no TypeScript are copied as they are.
 */
export async function build(digest = sourceDigest()) {
  const fresh = join(ROOT, `.dist-${process.pid}`);
  const old = `${fresh}-old`;
  accessSync(ROOT, constants.W_OK);
  try {
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    await runCommand(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', fresh]);
    cpSync(join(ROOT, 'src'), fresh, { recursive: true, filter: (path) => !path.endsWith('.ts') });
    writeFileSync(join(fresh, STAMP), digest);
    if (existsSync(join(ROOT, 'dist'))) renameSync(join(ROOT, 'dist'), old);
    renameSync(fresh, join(ROOT, 'dist'));
  } catch (error) {
    // Another set-up may have put the same build there between the two renames.
    if (!isBuilt(digest)) throw error;
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  }
}

function isBuilt(digest) {
  const stamp = join(ROOT, 'dist', STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
}

/** SHA-256 over names and contents of the sources. Contents, since a checkout changes times and keeps texts. */
function sourceDigest() {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const path of [...files.sort(), ...SETTINGS.map((name) => join(ROOT, name))]) {
    hash
      .update(`${path.slice(ROOT.length)}\0`)
      .update(readFileSync(path))
      .update('\0');
  }
  return hash.digest('hex');
}
