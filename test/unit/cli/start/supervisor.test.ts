import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSupervisor, type Program, type Supervisor } from '../../../../src/cli/start/supervisor.js';
import { listProcesses } from '../../../support/programs/process-table.js';

/** A program of this test: `script` is JavaScript; `mark` makes its command line unlike any other. */
function program(script: string, mark: string): Program {
  return {
    name: mark,
    command: process.execPath,
    args: ['-e', script, mark],
    environment: process.env,
    hasOwnLog: true,
  };
}

const STAYS = 'setInterval(() => {}, 1000)';
const GRACE_MS = 400;
const WAIT = { timeout: 20_000, interval: 20 };

describe('a supervisor', () => {
  let supervisor: Supervisor;
  let lines: string[];
  let mark: string;

  beforeEach(() => {
    lines = [];
    mark = `supervised-${process.pid}-${Math.random()}`;
    supervisor = createSupervisor({
      say: (line) => lines.push(line),
      onChange: () => undefined,
      graceMs: GRACE_MS,
    });
  });
  afterEach(async () => {
    await supervisor.stop();
    expect(running()).toEqual([]);
  });

  const running = (): number[] =>
    listProcesses()
      .filter(({ command }) => command.includes(mark))
      .map(({ pid }) => pid);
  const untilRunning = async (count: number): Promise<number[]> => {
    await vi.waitFor(() => expect(running()).toHaveLength(count), WAIT);
    return running();
  };

  it('shows the converted lines of a program, without dropped ones', async () => {
    const shown = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    supervisor = createSupervisor({
      say: (line) => lines.push(line),
      onChange: () => undefined,
      graceMs: GRACE_MS,
      format: (line) => (line === 'drop' ? undefined : `<${line}>`),
    });

    supervisor.keep({ ...program(`console.log('drop\\none\\ntwo'); ${STAYS}`, mark), hasOwnLog: false });

    await vi.waitFor(() => expect(shown.mock.calls.flat()).toEqual(['<one>\n', '<two>\n']), WAIT);
    shown.mockRestore();
  });

  it('restarts a program that was killed', async () => {
    supervisor.keep(program(STAYS, mark));
    supervisor.settle();
    const [first = 0] = await untilRunning(1);

    process.kill(first, 'SIGKILL');

    await vi.waitFor(() => expect(running()).toEqual([expect.not.toSatisfy((pid) => pid === first)]), WAIT);
    expect(lines).toEqual([`${mark} ended (SIGKILL); restarting it in 0.5 s`]);
  });

  it('waits longer before each start of a program that ends at once', async () => {
    supervisor.keep(program('process.exit(3)', mark));
    supervisor.settle();

    await vi.waitFor(() => expect(lines).toHaveLength(3), WAIT);

    const delays = lines.map((line) => /ended \(exit status 3\); .* in (\S+) s/.exec(line)?.[1]);
    expect(delays).toEqual(['0.5', '1', '2']);
  });

  it('reports the first loss instead, until everything has started', async () => {
    supervisor.keep(program('process.exit(3)', mark));

    expect(await supervisor.firstLoss).toBe(`${mark} ended (exit status 3)`);
    expect(lines).toEqual([]);
  });

  it('reports a program that cannot be started', async () => {
    supervisor.keep({ ...program('', mark), command: '/nowhere/at/all' });

    expect(await supervisor.firstLoss).toContain('ENOENT');
  });

  it('kills what a program left behind when it ended', async () => {
    const parent = `require('child_process').spawn(process.execPath, ['-e', '${STAYS}', '${mark}'], { stdio: 'ignore' });
      ${STAYS}`;
    supervisor.keep(program(parent, `parent of ${mark}`));
    await untilRunning(2);
    const [leader = 0] = listProcesses()
      .filter(({ command }) => command.includes(`parent of ${mark}`))
      .map(({ pid }) => pid);

    process.kill(leader, 'SIGKILL');

    await untilRunning(0);
  });

  it('kills a program that does not stop within its time limit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stubborn-'));
    const sign = join(folder, 'deaf');
    const script = `process.on('SIGTERM', () => {}); require('fs').writeFileSync('${sign}', ''); ${STAYS}`;
    supervisor.keep(program(script, mark));
    await vi.waitFor(() => expect(existsSync(sign)).toBe(true), WAIT);
    const before = Date.now();

    await supervisor.stop();

    expect(Date.now() - before).toBeGreaterThanOrEqual(GRACE_MS);
    await untilRunning(0);
    rmSync(folder, { recursive: true });
  });

  it('gives a program its input', async () => {
    const script = "process.stdin.once('data', (text) => process.exit(Number(text)))";
    supervisor.keep({ ...program(script, mark), input: '7' });

    expect(await supervisor.firstLoss).toBe(`${mark} ended (exit status 7)`);
  });
});
