import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endProcessGroup, killProcessGroup } from './process-group.js';

/** A program to keep running. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Written to its standard input. Absent: it has no standard input. */
  readonly input?: string;
  /** True if it writes its own log; then its standard output is dropped. */
  readonly hasOwnLog?: boolean;
}

export interface SupervisorOptions {
  /** Called with a line for each end and restart. */
  readonly say: (line: string) => void;
  /** Called with the leaders of all process groups, in the order of their start, whenever one starts or ends. */
  readonly onChange: (leaders: readonly number[]) => void;
  /** Time limit for a program to stop, ms. */
  readonly graceMs: number;
  /** Converts a line of a program's output; undefined drops it. Absent: the output is shown unchanged. */
  readonly format?: (line: string) => string | undefined;
}

export interface Supervisor {
  /** Starts a program in its own process group, and restarts it whenever it ends. */
  keep(program: Program): void;
  /** Restarts programs from now on. Before, the end of a program means that the start has failed. */
  settle(): void;
  /** Resolves with a description of the first program that ended before `settle`. */
  readonly firstLoss: Promise<string>;
  /** Stops everything one by one, in reverse order, so that callers end before what they call. */
  stop(): Promise<void>;
  /** Kills everything immediately. */
  kill(): void;
}

/** Pause before a restart, ms. Doubled after each quick end, up to the longest; reset after a long run. */
const RESTART_DELAY_MS = { first: 500, longest: 10_000 } as const;
const LONG_RUN_MS = 30_000;

interface Kept {
  readonly program: Program;
  process: ChildProcess | undefined;
  startedAt: number;
  endsInARow: number;
}

/** Returns a supervisor without programs. They get no signals from the terminal; only `stop` and `kill` end them. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const kept: Kept[] = [];
  let phase: 'starting' | 'settled' | 'stopping' = 'starting';
  let reportLoss: (name: string) => void = () => undefined;
  const firstLoss = new Promise<string>((resolve) => {
    reportLoss = resolve;
  });
  const leaders = (): number[] => kept.flatMap((entry) => entry.process?.pid ?? []);

  const launch = (entry: Kept): void => {
    if (phase === 'stopping') return;
    entry.startedAt = Date.now();
    entry.process = spawnLeader(entry.program, options.format, (reason) => onEnd(entry, reason));
    options.onChange(leaders());
  };
  const onEnd = (entry: Kept, reason: string): void => {
    const leader = entry.process?.pid;
    if (leader !== undefined) killProcessGroup(leader);
    entry.process = undefined;
    options.onChange(leaders());
    if (phase === 'stopping') return;
    if (phase === 'starting') {
      reportLoss(`${entry.program.name} ended (${reason})`);
      return;
    }
    const delayMs = nextDelay(entry);
    options.say(`${entry.program.name} ended (${reason}); restarting it in ${delayMs / 1_000} s`);
    setTimeout(launch, delayMs, entry);
  };

  return {
    firstLoss,
    keep: (program) => {
      const entry: Kept = { program, process: undefined, startedAt: 0, endsInARow: 0 };
      kept.push(entry);
      launch(entry);
    },
    settle: () => {
      phase = 'settled';
    },
    stop: async () => {
      phase = 'stopping';
      for (const leader of leaders().reverse()) await endProcessGroup(leader, options.graceMs);
    },
    kill: () => {
      phase = 'stopping';
      for (const leader of leaders()) killProcessGroup(leader);
    },
  };
}

function nextDelay(entry: Kept): number {
  entry.endsInARow = Date.now() - entry.startedAt > LONG_RUN_MS ? 0 : entry.endsInARow + 1;
  const doublings = Math.max(0, entry.endsInARow - 1);
  return Math.min(RESTART_DELAY_MS.first * 2 ** doublings, RESTART_DELAY_MS.longest);
}

function spawnLeader(
  program: Program,
  format: SupervisorOptions['format'],
  onEnd: (reason: string) => void,
): ChildProcess {
  const child = spawn(program.command, program.args, {
    env: program.environment,
    stdio: [
      program.input === undefined ? 'ignore' : 'pipe',
      program.hasOwnLog ? 'ignore' : format ? 'pipe' : 'inherit',
      'inherit',
    ],
    detached: true,
  });
  child.once('error', (error) => onEnd(error.message));
  child.once('exit', (code, signal) => onEnd(signal ?? `exit status ${code}`));
  // A program that ends before it has read its input breaks the pipe. Its end is reported above.
  child.stdin?.on('error', () => undefined).end(program.input);
  if (child.stdout)
    createInterface(child.stdout).on('line', (line) => {
      const text = format?.(line);
      if (text !== undefined) process.stdout.write(`${text}\n`);
    });
  return child;
}
