import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
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

/** Returns the digest of the files as they are now. */
export async function readDigest(paths: readonly string[]): Promise<string> {
  const texts = paths.map((path) => readFile(path, 'utf8').catch(() => undefined));
  return digestOf(await Promise.all(texts));
}

/** A file that cannot be read differs from an empty one. */
function digestOf(texts: readonly (string | undefined)[]): string {
  return hash('sha256', JSON.stringify(texts.map((text) => text ?? null)));
}
