import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './run-tool.js';

/** Not in package.json, because together they are larger than all that this repository needs for development. */
const NPM_TOOLS = {
  '@redocly/cli': '2.77.0',
  '@stoplight/spectral-cli': '6.16.3',
  'openapi-typescript': '7.13.0',
  typescript: '5.9.3',
};

/** Time for pip to install all tools, ms; longer than it needs to find out that PyPI does not answer. */
const PIP_TIMEOUT_MS = 180_000;
const PIP_INSTALL = ['install', '--quiet', '--disable-pip-version-check', '--retries', '1'];

/**
 * Installs the tools from npm below `folder`, unless they are there already, and returns the folder of their programs.
 * @throws Error with the output of npm.
 */
export async function installNpmTools(folder: string): Promise<string> {
  const home = join(folder, 'npm');
  await installOnce(home, JSON.stringify(NPM_TOOLS), async () => {
    const manifest = { private: true, dependencies: NPM_TOOLS };
    writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts'];
    return runTool('npm', args, { cwd: home });
  });
  return join(home, 'node_modules/.bin');
}

/**
 * Installs tools from PyPI into a virtual environment below `folder`, unless they are there already, and returns the
 * folder of their programs; undefined on a machine without Python 3.10 or without its module venv.
 * @throws Error with the output of pip.
 */
export async function installPythonTools(
  folder: string,
  tools: readonly string[],
): Promise<string | undefined> {
  const home = join(folder, 'python');
  const check = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))';
  if ((await runTool('python3', ['-c', check])).exitCode !== 0) return undefined;
  await installOnce(home, tools.join(), async () => {
    const made = await runTool('python3', ['-m', 'venv', home]);
    if (made.exitCode !== 0) return made;
    return runTool(join(home, 'bin/pip'), [...PIP_INSTALL, ...tools], { timeoutMs: PIP_TIMEOUT_MS });
  });
  return join(home, 'bin');
}

/** Runs `install` in an empty folder, unless it succeeded there before for the same `versions`. */
async function installOnce(
  home: string,
  versions: string,
  install: () => ReturnType<typeof runTool>,
): Promise<void> {
  const mark = join(home, `installed-${createHash('sha256').update(versions).digest('hex').slice(0, 16)}`);
  if (existsSync(mark)) return;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  console.log(`Installing tools in ${home} (about a minute)`);
  const { exitCode, output } = await install();
  if (exitCode === null) throw new Error(`${output}timed out or was ended`);
  if (exitCode !== 0) throw new Error(output);
  writeFileSync(mark, '');
}
