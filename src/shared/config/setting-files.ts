import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { readText } from '../runtime/read-text.js';
import type { Environment } from './read-setting.js';

/** Settings that apply without a restart where they come from a file, as `<name>_FILE`. */
const LIVE = ['API_KEYS', 'ADMIN_API_KEYS', 'WEBHOOK_SECRETS', 'IMAGE_HOST_HEADERS'];

/** The same, and the file that is named without `_FILE`. */
export const LIVE_SETTINGS: readonly string[] = [...LIVE, 'TENANTS_FILE'];

/** Files of settings and what was in them. */
export interface SettingFiles {
  readonly paths: readonly string[];
  /** Of their contents, in this order. */
  readonly digest: string;
}

/** Returns the files whose changes apply without a restart, of a program that has these `variables`. */
export function findSettingFiles(env: Environment, variables: object): SettingFiles {
  const names = LIVE.filter((name) => name in variables).map((name) => `${name}_FILE`);
  const paths = [...names, 'TENANTS_FILE'].flatMap((name) => env[name] || []);
  return { paths, digest: digestOf(paths.map(readText)) };
}

/** A reading of files. */
export interface FileReading {
  /** Of their contents, as in `SettingFiles`. */
  readonly digest: string;
  /** Of contents, sizes and times of change: the same again only if nobody wrote in between. */
  readonly stamp: string;
}

/** Reads the files as they are now. */
export async function readFiles(paths: readonly string[]): Promise<FileReading> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const [text, stats] = await Promise.all([
        readFile(path, 'utf8').catch(() => undefined),
        stat(path).catch(() => undefined),
      ]);
      return { text, written: [stats?.ino, stats?.size, stats?.mtimeMs] };
    }),
  );
  const digest = digestOf(found.map(({ text }) => text));
  return { digest, stamp: JSON.stringify([digest, ...found.map(({ written }) => written)]) };
}

/** A file that cannot be read differs from an empty one. */
function digestOf(texts: readonly (string | undefined)[]): string {
  return hash('sha256', JSON.stringify(texts.map((text) => text ?? null)));
}
