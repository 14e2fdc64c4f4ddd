import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listFamily, type RunningProcess } from './process-table.js';
import { freePort } from './redis-server.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** `npm start`, running. */
export interface StartedCommand {
  readonly process: ChildProcess;
  readonly port: number;
  readonly origin: string;
  /** All it has printed so far. */
  readonly output: () => string;
  /** Resolves with what `pattern` found in the output; rejects with the output when the command ends before. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** npm and all below it right now. */
  family(): readonly RunningProcess[];
  /** Process id of the one below it whose command holds `part`. */
  find(part: string): number;
  /** Resolves with the exit code once it has ended. */
  readonly ended: Promise<number | null>;
  /** Ends what is left, whatever its state, and removes its data. */
  cleanUp(): Promise<void>;
}

/**
 * Runs `npm start` as a user would: a process group of its own, as a shell makes one, and no Redis given. `port`:
 * default a free one.
 */
export async function runNpmStart(
  environment: Readonly<Record<string, string>> = {},
  port?: number,
): Promise<StartedCommand> {
  const chosen = port ?? (await freePort());
  const { REDIS_URL: _redis, PORT: _port, HOST: _host, ...own } = process.env;
  const child = spawn('npm', ['start', '--', '--port', String(chosen)], {
    cwd: ROOT,
    env: { ...own, WORKER_PORT: '0', VISION_PROCESSES: '1', ...environment },
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
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const family = (): readonly RunningProcess[] => listFamily(child.pid ?? 0);
  const find = (part: string): number => {
    const [found] = family().filter(({ command }) => command.includes(part));
    if (!found) throw new Error(`no ${part} runs`);
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
    for (const { pid } of family()) killSilently(pid);
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
    // It has ended already, which is what is wanted.
  }
}
