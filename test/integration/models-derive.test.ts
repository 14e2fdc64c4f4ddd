import { hash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyPacks } from '../../src/cli/models/commands.js';
import { fetchPack } from '../../src/cli/models/fetch-pack.js';
import type { ModelManifest } from '../../src/shared/models/model-manifest.js';
import { deriveModel } from '../../src/worker/vision/onnx/derive-model.js';
import { makePack } from '../support/builders/model-pack.js';
import { preluModel } from '../support/builders/onnx-builder.js';

const RECOGNISER = Buffer.from(
  preluModel({ shape: [1, 2, 1, 1], slope: { dims: [2, 1, 1], values: [0.5, 0.25] } }),
);
const DERIVED = Buffer.from(deriveModel(RECOGNISER) ?? '');

describe('a pack with a derived file', () => {
  let modelsDir: string;
  let archive: string;
  let manifest: ModelManifest;

  beforeEach(() => {
    modelsDir = mkdtempSync(join(tmpdir(), 'derive-'));
    const pack = makePack('https://models.invalid/mini.zip', '', RECOGNISER);
    archive = join(modelsDir, 'archive.zip');
    writeFileSync(archive, pack.archive);
    manifest = withDerived(pack.manifest, hash('sha256', DERIVED));
    writeFileSync(join(modelsDir, 'mini.json'), JSON.stringify(manifest));
  });
  afterEach(() => rmSync(modelsDir, { recursive: true }));

  function withDerived(made: ModelManifest, sha256: string): ModelManifest {
    const files = made.files.map((file) =>
      file.name === 'rec.onnx' ? { ...file, derived: { bytes: DERIVED.length, sha256 } } : file,
    );
    return { ...made, files };
  }

  const say = () => undefined;
  const fetchMade = (made = manifest) => fetchPack(made, { modelsDir, from: archive, say });
  const derivedPath = () => join(modelsDir, 'mini/rec.derived.onnx');

  it('has it beside its source after fetching', async () => {
    await fetchMade();

    expect(readFileSync(derivedPath())).toEqual(DERIVED);
    expect(readdirSync(join(modelsDir, 'mini')).sort()).toEqual(['det.onnx', 'rec.derived.onnx', 'rec.onnx']);
  });

  it('is then complete, and needs no archive to derive the file again', async () => {
    await fetchMade();
    rmSync(archive);

    expect(await fetchMade()).toBe(false);
    rmSync(derivedPath());
    expect(await fetchMade()).toBe(true);

    expect(readFileSync(derivedPath())).toEqual(DERIVED);
  });

  it('is derived again when the derived file is damaged, which verify reports', async () => {
    await fetchMade();
    writeFileSync(derivedPath(), Buffer.alloc(DERIVED.length));

    const verification = verifyPacks('mini', { manifestsDir: modelsDir, modelsDir, say });
    await expect(verification).rejects.toThrow('rec.derived.onnx is damaged');
    await fetchMade();

    expect(readFileSync(derivedPath())).toEqual(DERIVED);
  });

  it('is refused if the derived file differs from the manifest, and nothing of it is kept', async () => {
    const fetching = fetchMade(withDerived(manifest, hash('sha256', RECOGNISER)));

    await expect(fetching).rejects.toThrow('The file derived from rec.onnx differs from the manifest');
    expect(readdirSync(join(modelsDir, 'mini')).sort()).toEqual(['det.onnx', 'rec.onnx']);
  });
});
