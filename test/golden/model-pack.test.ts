import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { listRecognisers } from '../../src/shared/models/model-catalogue.js';
import type { KnownRecogniser } from '../../src/shared/models/model-manifest.js';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { loadModelPack, type PackOptions } from '../../src/worker/vision/pack/model-pack.js';
import { derivedName } from '../../src/worker/vision/pack/verify-pack.js';
import { readRecognisability } from '../../src/worker/vision/recognisability/recognisability-data.js';
import { extraModelOrSkip } from '../support/extra-files.js';
import { samePersonPhotos } from '../support/photos/photos.js';
import { LITE_FOLDER, liteManifest, liteSettings } from '../support/photos/vision-settings.js';

const root = mkdtempSync(join(tmpdir(), 'model-pack-'));
const folder = join(root, 'mypack');

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
});

afterAll(() => rmSync(root, { recursive: true }));

const withoutManifest = (changes: Partial<PackOptions> = {}): PackOptions => ({
  ...liteSettings({ packFolder: folder }),
  manifest: { recognisers: listRecognisers('models') },
  ...changes,
});

const addLite = (file: string, as = file) => copyFileSync(join(LITE_FOLDER, file), join(folder, as));

describe('a folder in InsightFace layout', () => {
  it('is recognised by the shapes of its models, whatever their names', async (context) => {
    copyFileSync(extraModelOrSkip('scrfd_500m.onnx', context), join(folder, 'a.onnx'));
    addLite('fr_feature.onnx', 'b.onnx');
    addLite('fr_landmark.onnx', 'c.onnx');
    writeFileSync(join(folder, 'genderage.onnx'), 'not a model: never opened');
    writeFileSync(join(folder, 'README.txt'), 'not a model either');

    const pack = await loadModelPack(withoutManifest());
    await pack.close();

    const feature = liteManifest().files.find(({ name }) => name === 'fr_feature.onnx');
    expect(pack.identity.recogniser).toBe(feature?.sha256);
    expect(pack.identity.detector).toBe('5e4447f50245bbd7966bd6c0fa52938c61474a04ec7def48753668a9d8b4ea3a');
  });

  it('is given the input and the recognisability block of a known recogniser, published or derived', async (context) => {
    const photo = await samePersonPhotos().then(([first]) => first ?? Buffer.alloc(0));
    const analyse = async (recognisers: readonly KnownRecogniser[]) => {
      const pack = await loadModelPack(withoutManifest({ manifest: { recognisers } }));
      const { embedding } = await analyseImage(photo, pack, liteSettings());
      await pack.close();
      return { pack, embedding };
    };
    copyFileSync(extraModelOrSkip('scrfd_500m.onnx', context), join(folder, 'a.onnx'));
    const known = listRecognisers('models');
    const block = readRecognisability(liteManifest().recognisability, 512);

    addLite('fr_feature.onnx', 'b.onnx');
    const published = await analyse(known);
    const unknown = await analyse([]);
    addLite('fr_feature.derived.onnx', 'b.onnx');
    const derived = await analyse(known);

    expect(published.pack.recognisability).toEqual(block);
    expect(derived.pack.recognisability).toEqual(block);
    expect(derived.embedding).toEqual(published.embedding);
    expect([published, derived, unknown].map(({ pack }) => pack.identity.hasRecognisability)).toEqual([
      ...[true, true, false],
    ]);
    // Without the manifest's word for BGR, the recogniser gets RGB.
    expect(compareEmbeddings(unknown.embedding, published.embedding)).toBeLessThan(0.98);
  });

  it('is named when it does not exist, with the command that lists the packs', async () => {
    const loading = loadModelPack(withoutManifest({ packFolder: join(root, 'nowhere') }));

    await expect(loading).rejects.toThrow(/nowhere does not exist.*npm run models -- list/);
  });

  it('is refused by name without a model', async () => {
    writeFileSync(join(folder, 'README.txt'), '');

    await expect(loadModelPack(withoutManifest())).rejects.toThrow(`${folder} holds no .onnx files`);
  });

  it('is refused without a detector', async () => {
    addLite('fr_feature.onnx');

    await expect(loadModelPack(withoutManifest())).rejects.toThrow(
      /mypack has no SCRFD detector.*fetch mypack/,
    );
  });

  it('is refused with the name of its broken file', async () => {
    writeFileSync(join(folder, 'det.onnx'), '<html>404</html>');

    await expect(loadModelPack(withoutManifest())).rejects.toThrow(/model file det\.onnx cannot be loaded/);
  });

  it('is refused without a recogniser', async (context) => {
    copyFileSync(extraModelOrSkip('scrfd_500m.onnx', context), join(folder, 'det.onnx'));

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

describe('an unavailable execution provider', () => {
  const cudaFirst = { ...liteSettings({ executionProviders: ['cuda', 'cpu'] }), manifest: liteManifest() };

  it('is replaced by the next one', async () => {
    const pack = await loadModelPack(cudaFirst);
    await pack.close();

    expect(pack.identity.executionProvider).toBe('cpu');
  });

  it('stops the worker when it is required', async () => {
    const loading = loadModelPack({ ...cudaFirst, executionProviderRequired: true });

    await expect(loading).rejects.toThrow(/fr_detect\.onnx cannot be loaded on cuda/);
  });
});
