import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readManifest } from '../../../../src/shared/models/model-catalogue.js';
import type { ModelManifest } from '../../../../src/shared/models/model-manifest.js';

const LITE = JSON.parse(readFileSync('models/lite.json', 'utf8')) as ModelManifest;
const [BOXES, , RECOGNISER] = LITE.files as [ModelManifest['files'][0], unknown, ModelManifest['files'][0]];

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'face-catalogue-'));
});

afterEach(() => rmSync(root, { recursive: true }));

/** Reads the manifest of a folder pack: SCRFD before a recogniser, and no recognisability block. */
function readFolderPack(changes: Partial<ModelManifest> = {}): ModelManifest | undefined {
  const folder = join(root, 'mine');
  const { recognisability: _, ...rest } = LITE;
  const manifest = {
    ...rest,
    name: 'mine',
    files: [
      { ...BOXES, name: 'det.onnx' },
      { ...RECOGNISER, name: 'rec.onnx' },
    ],
    detector: { kind: 'scrfd', file: 'det.onnx', mean: 127.5, std: 128, channels: 'rgb' },
    recogniser: { ...LITE.recogniser, file: 'rec.onnx' },
    ...changes,
  };
  mkdirSync(folder);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return readManifest('models', folder);
}

describe('readManifest', () => {
  it('gives a pack the recognisability block of another pack with the same recogniser', () => {
    expect(readFolderPack()?.recognisability).toEqual(LITE.recognisability);
  });

  it("keeps a pack's own block", () => {
    const own = { ...LITE.recognisability!, dataset: 'mine' };

    expect(readFolderPack({ recognisability: own })?.recognisability).toEqual(own);
  });

  it.each([
    ['another recogniser', { files: LITE.files.map((file) => ({ ...file, sha256: 'a'.repeat(64) })) }],
    ['other channels', { recogniser: { ...LITE.recogniser, file: 'rec.onnx', channels: 'rgb' as const } }],
    ['another mean', { recogniser: { ...LITE.recogniser, file: 'rec.onnx', mean: 0 } }],
  ])('gives no block to a pack with %s', (_, changes) => {
    expect(readFolderPack(changes)?.recognisability).toBeUndefined();
  });

  it('reads a pack whose models folder does not exist', () => {
    readFolderPack();

    expect(readManifest(join(root, 'nowhere'), join(root, 'mine'))?.recognisability).toBeUndefined();
  });
});
