import { hash, randomBytes } from 'node:crypto';
import type { ModelManifest } from '../../../src/shared/models/model-manifest.js';
import { makeZip } from './zip-archive.js';

/** A pack of two files of random bytes, in a zip with an unrelated file. */
export interface MadePack {
  readonly manifest: ModelManifest;
  readonly archive: Buffer;
  readonly files: Readonly<Record<string, Buffer>>;
}

/**
 * Makes another pack at each call. `inner`: folder of its files inside the zip, as `mini/`; `url`: told as its source;
 * `recogniser`: content of rec.onnx.
 */
export function makePack(url: string, inner = '', recogniser: Buffer = randomBytes(160_000)): MadePack {
  const files = { 'det.onnx': randomBytes(40_000), 'rec.onnx': recogniser };
  const entries = Object.entries(files).map(([name, content]) => [`${inner}${name}`, content] as const);
  const archive = makeZip(Object.fromEntries([['readme.txt', Buffer.from('unwanted')], ...entries]));
  const preprocessing = { mean: 127.5, std: 128, channels: 'rgb' } as const;
  const manifest: ModelManifest = {
    name: 'mini',
    description: 'made for a test',
    licence: { name: 'none', commercial_use: false, url: '', notice: 'For this test only.' },
    source: { kind: 'zip', url, bytes: archive.length, sha256: hash('sha256', archive) },
    files: Object.entries(files).map(([name, content]) => ({
      name,
      bytes: content.length,
      sha256: hash('sha256', content),
    })),
    detector: { kind: 'scrfd', file: 'det.onnx', ...preprocessing },
    recogniser: { kind: 'arcface', file: 'rec.onnx', ...preprocessing },
    calibration: null,
  };
  return { manifest, archive, files };
}
