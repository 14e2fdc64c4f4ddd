import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../src/cli/start/ports.js';
import { listFamily, type RunningProcess, stillRunning } from './process-table.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** `npm start`, running. */
export interface StartedCommand {
  readonly process: ChildProcess;
  readonly port: number;
  readonly origin: string;
  /** The output so far. */
  readonly output: () => string;
  /** Resolves with the match of `pattern` in the output; rejects with the output if the command ends first. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** npm and its descendants now. */
  family(): readonly RunningProcess[];
  /** Process id of the only one of them whose command matches. */
  find(command: RegExp): number;
  /** Resolves with the exit code once it has ended. */
  readonly ended: Promise<number | null>;
  /** Ends all remaining processes and removes the data. */
  cleanUp(): Promise<void>;
}

/**
 * Runs `npm start` as a user would: a process group of its own, as a shell makes one, and no Redis given. `port`:
 * default a free one. `envText`: what stands in its .env file, instead of a developer's own; default nothing.
 */
export async function runNpmStart(
  environment: Readonly<Record<string, string>> = {},
  { port, envText = '' }: { readonly port?: number; readonly envText?: string } = {},
): Promise<StartedCommand> {
  const chosen = port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'face-start-'));
  const envFile = join(folder, '.env');
  writeFileSync(envFile, envText);
  const { REDIS_URL: _redis, PORT: _port, HOST: _host, ...own } = process.env;
  const child = spawn('npm', ['start', '--', '--port', String(chosen), '--env-file', envFile], {
    cwd: ROOT,
    env: { ...own, WORKER_PORT: '0', METRICS_PORT: '0', VISION_PROCESSES: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const watchers = new Set<() => void>();
  const gather = (text: string): void => {
    output += text;
    for (const watcher of watchers) watcher();
  };
  child.stdout.setEncoding('utf8').on('data', gather);
  child.stderr.setEncoding('utf8').on('data', gather);
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve(code);
    });
  });
  const seen: RunningProcess[] = [];
  const family = (): readonly RunningProcess[] => {
    const found = listFamily(child.pid ?? 0);
    seen.push(...found);
    return found;
  };
  const find = (pattern: RegExp): number => {
    const [found, ...others] = family().filter(({ command }) => pattern.test(command));
    if (!found || others.length > 0) throw new Error(`${found ? 'more than one' : 'no'} ${pattern} runs`);
    return found.pid;
  };

  const waitFor = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(output);
        if (!found) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      void ended.then(() => reject(new Error(`npm start ended:\n${output}`)));
      look();
    });
  const cleanUp = async (): Promise<void> => {
    family();
    // A process that lost its parent is no longer a descendant of npm.
    for (const { pid } of stillRunning(seen)) killSilently(pid);
    await ended;
    rmSync(join(ROOT, '.redis', String(chosen)), { recursive: true, force: true });
  };
  return {
    process: child,
    port: chosen,
    origin: `http://127.0.0.1:${chosen}`,
    output: () => output,
    waitFor,
    family,
    find,
    ended,
    cleanUp,
  };
}

function killSilently(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has already ended, as intended.
  }
}
