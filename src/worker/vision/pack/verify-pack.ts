import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../../shared/models/model-manifest.js';

/** What tells whether a pack's files are whole. */
export type PackFiles = Pick<ModelManifest, 'name' | 'files'>;

/** A file of a pack, proven to be the one that its manifest names. */
export interface VerifiedFile {
  /** What to load: load these bytes, not the file anew, and nothing can change between. */
  readonly bytes: Buffer;
  /** Of the file as it was published, hex, also where `bytes` were derived from it. */
  readonly sha256: string;
}

/**
 * Returns a file of a pack, or what was derived from it where the manifest says so.
 * @throws Error that says that it is missing or damaged and names the command that mends it; also when the pack does not
 *   list it.
 */
export async function readVerified(folder: string, name: string, pack: PackFiles): Promise<VerifiedFile> {
  const file = pack.files.find((listed) => listed.name === name);
  if (!file) throw new Error(`The manifest of the model pack ${pack.name} does not list its file ${name}.`);
  const { derived, sha256 } = file;
  const loaded = derived ? { ...derived, name: derivedName(name) } : file;
  return { bytes: await readExpected(folder, loaded, pack), sha256 };
}

/** Returns the name under which what was derived from a model file lies beside it. */
export function derivedName(name: string): string {
  return name.replace(/(\.onnx)?$/, '.derived.onnx');
}

async function readExpected(
  folder: string,
  { name, ...expected }: { readonly name: string; readonly bytes: number; readonly sha256: string },
  pack: PackFiles,
): Promise<Buffer> {
  const bytes = await readFile(join(folder, name)).catch((cause: unknown) => {
    throw new Error(`${describe(pack, name)} is missing or cannot be read. ${mend(pack)}`, { cause });
  });
  if (bytes.length !== expected.bytes) {
    const sizes = `has ${bytes.length} bytes instead of ${expected.bytes}`;
    throw new Error(`${describe(pack, name)} is damaged: it ${sizes}. ${mend(pack)}`);
  }
  if (digestOf(bytes) !== expected.sha256) {
    throw new Error(`${describe(pack, name)} is damaged: its SHA-256 is wrong. ${mend(pack)}`);
  }
  return bytes;
}

/** Returns the SHA-256 of `bytes`, hex. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const describe = (pack: PackFiles, name: string): string => `The file ${name} of the model pack ${pack.name}`;

const mend = (pack: PackFiles): string => `Run: npm run models -- fetch ${pack.name}`;
