import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../../shared/models/model-manifest.js';

/** The parts of a manifest that verify a pack's files. */
export type PackFiles = Pick<ModelManifest, 'name' | 'files'>;

/** A file of a pack that matches its manifest. */
export interface VerifiedFile {
  /** The verified content. Load these bytes instead of reading the file again, which could have changed. */
  readonly bytes: Buffer;
  /** Digest of the published file, hex, even if `bytes` were derived from it. */
  readonly sha256: string;
}

/**
 * Returns a file of a pack, or the file derived from it if the manifest has one.
 * @throws Error if the file is missing or damaged, with the command that fixes it, or if the pack does not list it.
 */
export async function readVerified(folder: string, name: string, pack: PackFiles): Promise<VerifiedFile> {
  const file = pack.files.find((listed) => listed.name === name);
  if (!file) throw new Error(`The manifest of the model pack ${pack.name} does not list its file ${name}.`);
  const { derived, sha256 } = file;
  const loaded = derived ? { ...derived, name: derivedName(name) } : file;
  return { bytes: await readExpected(folder, loaded, pack), sha256 };
}

/** Returns the name of the file that was derived from a model file. */
export function derivedName(name: string): string {
  return name.replace(/(\.onnx)?$/, '.derived.onnx');
}

async function readExpected(
  folder: string,
  { name, ...expected }: { readonly name: string; readonly bytes: number; readonly sha256: string },
  pack: PackFiles,
): Promise<Buffer> {
  const bytes = await readFile(join(folder, name)).catch((cause: unknown) => {
    throw new Error(`${describe(pack, name)} is missing or cannot be read. ${howToFix(pack)}`, { cause });
  });
  if (bytes.length !== expected.bytes) {
    const sizes = `has ${bytes.length} bytes instead of ${expected.bytes}`;
    throw new Error(`${describe(pack, name)} is damaged: it ${sizes}. ${howToFix(pack)}`);
  }
  if (hash('sha256', bytes) !== expected.sha256) {
    throw new Error(`${describe(pack, name)} is damaged: its SHA-256 is wrong. ${howToFix(pack)}`);
  }
  return bytes;
}

const describe = (pack: PackFiles, name: string): string => `The file ${name} of the model pack ${pack.name}`;

const howToFix = (pack: PackFiles): string => `Run: npm run models -- fetch ${pack.name}`;
