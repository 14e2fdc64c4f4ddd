import { afterEach, describe, expect, it, vi } from 'vitest';
import { stillRunning } from '../support/programs/process-table.js';
import { runNpmStart, type StartedCommand } from '../support/programs/started-command.js';

const START_TIMEOUT_MS = 180_000;
/** Long enough for an orderly end, and for the watchdog's patience with each program after a kill. */
const PATIENCE = { timeout: 40_000, interval: 100 };

/** The processes of npm start: npm, its shell and the script, a watchdog, Redis, API, worker and a vision process. */
const PROGRAMS = [
  /start\.mjs/,
  /watchdog\.js/,
  /(redis|valkey)-server/,
  /api\/main\.js/,
  /worker\/main\.js/,
  /vision-process/,
];

describe('npm start', { timeout: START_TIMEOUT_MS }, () => {
  const started: StartedCommand[] = [];

  async function startReady(): Promise<StartedCommand> {
    const command = await runNpmStart();
    started.push(command);
    await command.waitFor(/^Ready in .*$/m);
    return command;
  }
  afterEach(async () => {
    for (const command of started.splice(0)) await command.cleanUp();
  });

  it('ends everything on Ctrl-C, which reaches the whole group', async () => {
    const command = await startReady();
    const family = command.family();

    process.kill(-(command.process.pid ?? 0), 'SIGINT');
    await command.ended;

    for (const program of PROGRAMS) expect(family.map((one) => one.command).join('\n')).toMatch(program);
    // The watchdog notices the end of its parent and ends a moment later.
    await vi.waitFor(() => expect(stillRunning(family)).toEqual([]), PATIENCE);
  });

  it('ends everything when only npm is asked to stop', async () => {
    const command = await startReady();
    const family = command.family();

    command.process.kill('SIGTERM');

    await vi.waitFor(() => expect(stillRunning(family)).toEqual([]), PATIENCE);
  });

  it('ends everything when npm and its shell are killed', async () => {
    const command = await startReady();
    const family = command.family();

    for (const { pid, command: line } of family) if (/^(sh|npm)\b/.test(line)) process.kill(pid, 'SIGKILL');

    await vi.waitFor(() => expect(stillRunning(family)).toEqual([]), PATIENCE);
  });

  it('leaves nothing behind when its own process is killed', async () => {
    const command = await startReady();
    const family = command.family();

    process.kill(command.find(/^\S*node scripts\/start\.mjs/), 'SIGKILL');

    await vi.waitFor(() => expect(stillRunning(family)).toEqual([]), PATIENCE);
  });

  it('does not start if settings of either program are wrong, and names them all', async () => {
    const command = await runNpmStart({ SYNC_WAIT_TIMEOUT: 'soon', FACE_SELECTION: 'best' });
    started.push(command);

    const code = await command.ended;

    expect(code).toBe(1);
    expect(command.output()).toMatch(/- SYNC_WAIT_TIMEOUT: .*\n.*- FACE_SELECTION: /);
    expect(command.family()).toEqual([]);
  });

  it('ends with the reason when a program cannot start, and leaves nothing behind', async () => {
    const command = await runNpmStart({ INSIGHTFACE_MODEL: './no-such-pack' });
    started.push(command);

    const code = await command.ended;

    expect(code).toBe(1);
    expect(command.output()).toMatch(
      /The folder \.\/no-such-pack does not exist[\s\S]*could not start: worker ended/,
    );
    expect(command.family()).toEqual([]);
  });
});
