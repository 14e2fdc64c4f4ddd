import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../runtime/logger.js';
import { ConfigError, type Loaded, type TenantConfig } from './config.js';
import { readFiles } from './setting-files.js';

/** Interval at which the files are read, ms: not every file system reports changes. */
const POLL_MS = 2_000;
/** Time between the two readings that must find changed files the same, ms. */
const SETTLING_MS = 1_000;
/** Shortest pause between two readings, in a folder with many changes, ms. */
const PAUSE_MS = 100;

/** How reading changed files went, since the start. */
export interface ReloadState {
  readonly applied: number;
  readonly refused: number;
  /** True while the files are wrong and the settings read before them are used. */
  readonly isStale: boolean;
}

/** Settings that follow their files. Each is replaced as a whole, so read `current` once for what must fit together. */
export interface LiveSettings<T> {
  current(): T;
  state(): ReloadState;
  stop(): void;
}

export interface LiveOptions<T> {
  readonly loaded: Loaded<T>;
  /** Reads the settings again. @throws ConfigError */
  readonly load: () => Loaded<T>;
  readonly logger: Logger;
  /** Interval at which the files are read, ms; 2 s if absent. */
  readonly pollMs?: number;
  /** Waits before changed files are read again; for 1 s if absent. */
  readonly settle?: () => Promise<unknown>;
}

/**
 * Follows the files of settings: they are read again when they change, and on SIGHUP. Changed files are used when two
 * readings find them the same, because a program may still be writing them: half of a file can be valid too. Wrong ones are
 * reported, and the settings stay. Without such files nothing is watched, and SIGHUP ends the program as usual.
 */
export function followSettings<T extends TenantConfig>(options: LiveOptions<T>): LiveSettings<T> {
  const { load, logger, pollMs = POLL_MS, settle = () => pause(SETTLING_MS) } = options;
  const { paths } = options.loaded.files;
  let { config } = options.loaded;
  let { digest } = options.loaded.files;
  let isStopped = false;
  const state = { applied: 0, refused: 0, isStale: false };

  const reload = (expected?: string): void => {
    try {
      const loaded = load();
      // Written since the last reading.
      if (expected !== undefined && loaded.files.digest !== expected) return;
      config = loaded.config;
      digest = loaded.files.digest;
      state.applied += 1;
      state.isStale = false;
      logger.info({ tenants: config.tenants?.size ?? 0 }, 'settings read again');
    } catch (error) {
      // After a signal nobody knows what was read, so the next reading counts as a change.
      digest = expected ?? '';
      state.refused += 1;
      state.isStale = true;
      const cause = error instanceof ConfigError ? { problems: error.problems } : { err: error };
      logger.error(cause, 'changed settings are wrong and not used');
    }
  };
  const reloadIfChanged = async (): Promise<void> => {
    let seen = await readFiles(paths);
    while (seen.digest !== digest && !isStopped) {
      await settle();
      const now = await readFiles(paths);
      // A signal may have used them meanwhile.
      if (now.stamp === seen.stamp && now.digest !== digest && !isStopped) reload(now.digest);
      seen = now;
    }
  };
  if (paths.length === 0) return { current: () => config, state: () => state, stop: () => undefined };
  const stopWatching = watchFiles(paths, reloadIfChanged, pollMs);
  const onSignal = (): void => reload();
  process.on('SIGHUP', onSignal);
  const stop = (): void => {
    isStopped = true;
    process.off('SIGHUP', onSignal);
    stopWatching();
  };
  return { current: () => config, state: () => state, stop };
}

const pause = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false });

/** Calls `check` after changes in the folders of these files, and from time to time; never twice at once. */
function watchFiles(paths: readonly string[], check: () => Promise<void>, pollMs: number): () => void {
  let isRunning = false;
  let isDue = false;
  const run = async (): Promise<void> => {
    isDue = true;
    if (isRunning) return;
    isRunning = true;
    while (isDue) {
      isDue = false;
      await check();
      await pause(PAUSE_MS);
    }
    isRunning = false;
  };
  const onChange = (): void => void run();
  const folders = new Set(paths.map((path) => dirname(path)));
  const watchers = [...folders].flatMap((folder) => openWatcher(folder, onChange));
  const timer = setInterval(onChange, pollMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    for (const watcher of watchers) watcher.close();
  };
}

/** Returns no watcher where there can be none; then reading from time to time has to do. */
function openWatcher(folder: string, onChange: () => void): readonly FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}
