import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../runtime/logger.js';
import { ConfigError, type Loaded, type TenantConfig } from './config.js';
import { readDigest } from './setting-files.js';

/** Interval at which the files are read, ms: not every file system reports changes. */
const POLL_MS = 2_000;
/**
 * Time for which the files must stay the same before they are used, ms: a program may still be writing them. Also the
 * shortest pause between two readings, in a folder with many changes.
 */
const SETTLING_MS = 100;

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
}

/**
 * Follows the files of settings: they are read again when they change, and on SIGHUP. Wrong ones are reported, and the
 * settings stay. Without such files nothing is watched, and SIGHUP ends the program as usual.
 */
export function followSettings<T extends TenantConfig>(options: LiveOptions<T>): LiveSettings<T> {
  const { load, logger } = options;
  const { paths } = options.loaded.files;
  let { config, files } = options.loaded;
  let { digest } = files;
  const state = { applied: 0, refused: 0, isStale: false };

  const reload = (): void => {
    try {
      ({ config, files } = load());
      digest = files.digest;
      state.applied += 1;
      state.isStale = false;
      logger.info({ tenants: config.tenants?.size ?? 0 }, 'settings read again');
    } catch (error) {
      state.refused += 1;
      state.isStale = true;
      const cause = error instanceof ConfigError ? { problems: error.problems } : { err: error };
      logger.error(cause, 'changed settings are wrong and not used');
    }
  };
  const reloadIfChanged = async (): Promise<void> => {
    let seen = await readDigest(paths);
    while (seen !== digest) {
      await sleep(SETTLING_MS, undefined, { ref: false });
      const now = await readDigest(paths);
      if (now === seen) {
        digest = now;
        reload();
      }
      seen = now;
    }
  };
  if (paths.length === 0) return { current: () => config, state: () => state, stop: () => undefined };
  const stop = watchFiles(paths, reloadIfChanged, options.pollMs ?? POLL_MS);
  process.on('SIGHUP', reload);
  return {
    current: () => config,
    state: () => state,
    stop: () => {
      process.off('SIGHUP', reload);
      stop();
    },
  };
}

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
      await sleep(SETTLING_MS, undefined, { ref: false });
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
