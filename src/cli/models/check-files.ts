import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** State of one file of a pack compared with its manifest. */
export interface FileState {
  readonly name: string;
  readonly state: 'right' | 'missing' | 'damaged';
}

/** Expected size and digest of a file. `sha256`: hex. */
export interface ExpectedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Checks size and SHA-256 of every file in `folder`; reads each file once. */
export async function checkFiles(
  folder: string,
  files: readonly ExpectedFile[],
): Promise<readonly FileState[]> {
  return Promise.all(
    files.map(async ({ name, bytes, sha256 }) => {
      const path = join(folder, name);
      const size = await sizeOf(path);
      if (size === undefined) return { name, state: 'missing' };
      const right = size === bytes && (await fileDigest(path, 'sha256', 'hex')) === sha256;
      return { name, state: right ? 'right' : 'damaged' };
    }),
  );
}

/** Returns the file's size in bytes, or undefined if it does not exist. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Returns the digest of a file, read as a stream, so that memory does not grow with the file. */
export async function fileDigest(
  path: string,
  algorithm: 'sha256' | 'sha512',
  encoding: 'hex' | 'base64',
): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest(encoding);
}
