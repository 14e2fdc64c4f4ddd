import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listFamily, type RunningProcess, stillRunning } from '../../support/programs/process-table.js';

const SETUP = pathToFileURL(resolve('scripts/setup')).href;

describe('a script of npm', () => {
  let folder: string;
  const seen: RunningProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'face-script-'));
  });
  afterEach(() => {
    for (const { pid } of stillRunning(seen.splice(0))) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });

  /** Runs a script's body below a shell of its own, as npm does. */
  function runBelowShell(body: string): ChildProcess {
    const path = join(folder, 'script.mjs');
    const imports = `import { runScript } from '${SETUP}/run-script.mjs';
      import { runCommand } from '${SETUP}/run-command.mjs';
      import { SetupError } from '${SETUP}/setup-error.mjs';`;
    writeFileSync(path, `${imports} await runScript(async () => { ${body} });`);
    return spawn('sh', ['-c', `"${process.execPath}" "${path}"; exit $?`], {
      env: { ...process.env, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  async function complaintOf(body: string): Promise<string> {
    const { stderr } = runBelowShell(body);
    return stderr ? text(stderr) : '';
  }

  it('ends together with what it was running when npm and its shell are killed', async () => {
    const shell = runBelowShell(`await runCommand('sleep', ['60']);`);
    const family = () => listFamily(shell.pid ?? 0);
    await vi.waitFor(() => expect(family().at(-1)?.command).toMatch(/^sleep 60/), { timeout: 10_000 });
    seen.push(...family());

    shell.kill('SIGKILL');

    await vi.waitFor(() => expect(stillRunning(seen)).toEqual([]), { timeout: 10_000 });
  });

  it('ends with only the message if a person can fix the problem', async () => {
    expect(await complaintOf(`throw new SetupError('Install a thing.');`)).toBe('\nInstall a thing.\n');
  });

  it('names the path that it cannot write, without a stack', async () => {
    const failure = `Object.assign(new Error('x'), { code: 'EACCES', path: '/srv/face/dist' })`;

    expect(await complaintOf(`throw ${failure};`)).toBe(
      '\nCannot read or write /srv/face/dist: this user may not.\n',
    );
  });

  it('shows the stack of a bug', async () => {
    expect(await complaintOf(`throw new TypeError('a bug');`)).toMatch(/TypeError: a bug\n\s+at /);
  });
});
