import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ToolRun {
  readonly exitCode: number | null;
  /** Standard output and standard error together. */
  readonly output: string;
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Time after which the program is ended, ms; its exit code is then null. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end and returns what it wrote. A program that does not exist has the exit code -1. */
export async function runTool(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs }: ToolOptions = {},
): Promise<ToolRun> {
  const child = spawn(command, args, {
    ...(cwd ? { cwd } : {}),
    ...(timeoutMs ? { timeout: timeoutMs } : {}),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const exitCode = await once(child, 'close').then(
    ([code]: (number | null)[]) => code ?? null,
    () => -1,
  );
  return { exitCode, output: Buffer.concat(chunks).toString() };
}
