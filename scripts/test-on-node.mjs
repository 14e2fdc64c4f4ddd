// `npm run test:node24`: runs the unit tests on another version of Node, whose binary comes from npm.
// node scripts/test-on-node.mjs MAJOR [files]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from './setup/root.mjs';

const [major, ...files] = process.argv.slice(2);
if (!/^\d+$/.test(major ?? '')) {
  console.error('Name a major version of Node: node scripts/test-on-node.mjs 24');
  process.exit(2);
}

const platform = process.platform === 'win32' ? 'win' : process.platform;
const name = `node-${platform}-${process.arch}`;
const folder = mkdtempSync(join(tmpdir(), 'node-'));
try {
  const { shell, stdio } = { shell: process.platform === 'win32', stdio: 'inherit' };
  const install = ['install', '--no-save', '--ignore-scripts', '--prefix', folder, `${name}@${major}`];
  const { status } = spawnSync('npm', install, { cwd: folder, shell, stdio });
  if (status !== 0) throw new Error(`npm could not install ${name}@${major}`);
  const binaries = join(folder, 'node_modules', name, 'bin');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const test = spawnSync(join(binaries, 'node'), [vitest, 'run', ...(files.length ? files : ['test/unit'])], {
    cwd: ROOT,
    env: { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH}` },
    stdio,
  });
  process.exitCode = test.status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
