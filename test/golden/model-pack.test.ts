import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadModelPack, type PackOptions } from '../../src/worker/vision/pack/model-pack.js';
import { derivedName } from '../../src/worker/vision/pack/verify-pack.js';
import { LITE_FOLDER, liteManifest, liteSettings } from '../support/photos/vision-settings.js';

// Lent to developers only; the tests that need it skip without it.
const SCRFD = fileURLToPath(new URL('../../../shared/models/scrfd_500m.onnx', import.meta.url));

const root = mkdtempSync(join(tmpdir(), 'model-pack-'));
const folder = join(root, 'mypack');

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
});

afterAll(() => rmSync(root, { recursive: true }));

const withoutManifest = (changes: Partial<PackOptions> = {}): PackOptions => ({
  ...liteSettings({ packFolder: folder }),
  manifest: undefined,
  ...changes,
});

const addLite = (file: string, as = file) => copyFileSync(join(LITE_FOLDER, file), join(folder, as));

describe('a folder in InsightFace layout', () => {
  it.skipIf(!existsSync(SCRFD))('is told apart by shapes, whatever the names', async () => {
    copyFileSync(SCRFD, join(folder, 'a.onnx'));
    addLite('fr_feature.onnx', 'b.onnx');
    addLite('fr_landmark.onnx', 'c.onnx');
    writeFileSync(join(folder, 'genderage.onnx'), 'not even a model: never opened');
    writeFileSync(join(folder, 'README.txt'), 'nor this');

    const pack = await loadModelPack(withoutManifest());
    await pack.close();

    const feature = liteManifest().files.find(({ name }) => name === 'fr_feature.onnx');
    expect(pack.identity.recogniser).toBe(feature?.sha256);
    expect(pack.identity.detector).toBe('5e4447f50245bbd7966bd6c0fa52938c61474a04ec7def48753668a9d8b4ea3a');
  });

  it('that does not exist is named, with the command that lists what does', async () => {
    const loading = loadModelPack(withoutManifest({ packFolder: join(root, 'nowhere') }));

    await expect(loading).rejects.toThrow(/nowhere does not exist.*npm run models -- list/);
  });

  it('without any model is named', async () => {
    writeFileSync(join(folder, 'README.txt'), '');

    await expect(loadModelPack(withoutManifest())).rejects.toThrow(`${folder} holds no .onnx files`);
  });

  it('without a detector says so', async () => {
    addLite('fr_feature.onnx');

    await expect(loadModelPack(withoutManifest())).rejects.toThrow(
      /mypack has no SCRFD detector.*fetch mypack/,
    );
  });

  it('with a broken file names the file', async () => {
    writeFileSync(join(folder, 'det.onnx'), '<html>404</html>');

    await expect(loadModelPack(withoutManifest())).rejects.toThrow(/model file det\.onnx cannot be loaded/);
  });

  it.skipIf(!existsSync(SCRFD))('without a recogniser says so', async () => {
    copyFileSync(SCRFD, join(folder, 'det.onnx'));

    await expect(loadModelPack(withoutManifest())).rejects.toThrow(/has no recogniser/);
  });
});

describe('a pack with a manifest', () => {
  it('is refused when any of its models has one bit flipped', async () => {
    const loaded = liteManifest().files.map(({ name, derived }) => (derived ? derivedName(name) : name));
    for (const name of loaded) {
      for (const each of loaded) addLite(each);
      const bytes = readFileSync(join(folder, name));
      const middle = bytes.length >> 1;
      bytes[middle] = (bytes[middle] ?? 0) ^ 4;
      writeFileSync(join(folder, name), bytes);

      const loading = loadModelPack({ ...liteSettings({ packFolder: folder }), manifest: liteManifest() });

      await expect(loading).rejects.toThrow(new RegExp(`${name}.*damaged.*fetch lite`, 's'));
    }
  });
});

describe('an execution provider that is not there', () => {
  const cudaFirst = { ...liteSettings({ executionProviders: ['cuda', 'cpu'] }), manifest: liteManifest() };

  it('gives way to the next', async () => {
    const pack = await loadModelPack(cudaFirst);
    await pack.close();

    expect(pack.identity.executionProvider).toBe('cpu');
  });

  it('stops the worker when it is required', async () => {
    const loading = loadModelPack({ ...cudaFirst, executionProviderRequired: true });

    await expect(loading).rejects.toThrow(/fr_detect\.onnx cannot be loaded on cuda/);
  });
});
