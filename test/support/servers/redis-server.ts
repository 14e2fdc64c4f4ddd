import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../../src/cli/start/ports.js';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** The server process; a new one after `start`. */
  readonly process: () => ChildProcess;
  /** Kills the server, like a crash. */
  kill(): Promise<void>;
  /** Starts it again with the same port and data. */
  start(): Promise<void>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a real Redis on loopback with an append-only file, as in production. It is synced at every write: with
 * `everysec`, Redis holds back writes while a slow disk syncs, and would lose them when a test kills it. `extra`: more
 * options.
 */
export async function startRedis(extra: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'face-redis-'));
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const base = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
    ];
    child = spawn(redisBinary(), [...base, '--maxmemory-policy', 'noeviction', ...extra], {
      stdio: 'ignore',
    });
    await waitForPort(port);
  };
  const kill = async (): Promise<void> => {
    const running = child;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    process: () => {
      if (!child) throw new Error('this is a bug: the server was never started');
      return child;
    },
    kill,
    start,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the name of the server that this machine has. */
export function redisBinary(): string {
  for (const name of ['redis-server', 'valkey-server']) {
    if (spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) return name;
  }
  throw new Error('The tests need redis-server or valkey-server: apt-get install redis-server');
}

/** Resolves once something accepts connections on `port`; rejects after ten seconds. */
export async function waitForPort(port: number): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await accepts(port))) {
    if (Date.now() > end) throw new Error(`nothing listens on port ${port}`);
    await pause(20);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
