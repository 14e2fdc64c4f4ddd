import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Lines of a failed command's output that its error repeats. */
const LAST_LINES = 40;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its standard input. */
  readonly input?: string;
  /** After this it is killed and counts as failed, ms. */
  readonly timeoutMs?: number;
  /** Show what it prints. Default false. */
  readonly show?: boolean;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  /** Standard output and standard error, in the order in which they came. */
  readonly output: string;
}

const running = new Set<ChildProcess>();
let isEnding = false;

/** Runs a command in a process group of its own and resolves with its result, whatever that is. */
export async function attempt(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  if (isEnding) throw new Error('Interrupted.');
  const child = spawn(command, args, {
    ...(options.cwd ? { cwd: options.cwd } : {}),
    env: { ...process.env, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  let stdout = '';
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
    if (options.show) process.stdout.write(text);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (options.show) process.stderr.write(text);
  });
  // A command that ends without reading its input is judged by its exit code.
  child.stdin?.on('error', () => undefined).end(options.input);
  const timer = setTimeout(() => killGroup(child), options.timeoutMs ?? 3_600_000);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, output };
  } finally {
    clearTimeout(timer);
    running.delete(child);
  }
}

/**
 * Runs a command and resolves with its standard output.
 * @throws Error with the last lines of its output if it fails.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, output } = await attempt(command, args, options);
  if (code === 0) return stdout;
  const end = output.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  throw new Error(`${[command, ...args].join(' ').slice(0, 300)} ended with ${code}:\n${end}`);
}

/** Kills every command that runs, with all it started, and lets no other start. */
export function killRunning(): void {
  isEnding = true;
  for (const child of running) killGroup(child);
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}
