import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  derivedName,
  type PackFiles,
  readVerified,
} from '../../../../../src/worker/vision/pack/verify-pack.js';

const folder = mkdtempSync(join(tmpdir(), 'verify-pack-'));
const content = Buffer.from('the weights of a model');
const sha256 = hash('sha256', content);
const pack: PackFiles = {
  name: 'tiny',
  files: [
    { name: 'det.onnx', bytes: content.length, sha256 },
    { name: 'rec.onnx', bytes: content.length, sha256 },
  ],
};

beforeEach(() => {
  for (const { name } of pack.files) writeFileSync(join(folder, name), content);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('readVerified', () => {
  it('returns the bytes it has verified', async () => {
    expect(await readVerified(folder, 'det.onnx', pack)).toEqual({ bytes: content, sha256 });
  });

  it('returns the derived file with the digest of the published one, and reads nothing else', async () => {
    const derivedContent = Buffer.from('the same, derived');
    const derived = { bytes: derivedContent.length, sha256: hash('sha256', derivedContent) };
    writeFileSync(join(folder, derivedName('det.onnx')), derivedContent);
    rmSync(join(folder, 'det.onnx'));
    const files = [{ name: 'det.onnx', bytes: content.length, sha256, derived }];

    expect(await readVerified(folder, 'det.onnx', { ...pack, files })).toEqual({
      bytes: derivedContent,
      sha256,
    });
  });

  it('refuses a damaged derived file', async () => {
    const derived = { bytes: content.length, sha256: hash('sha256', Buffer.from('another')) };
    writeFileSync(join(folder, derivedName('det.onnx')), content);
    const files = [{ name: 'det.onnx', bytes: content.length, sha256, derived }];

    await expect(readVerified(folder, 'det.onnx', { ...pack, files })).rejects.toThrow(
      /det\.derived\.onnx.*SHA-256.*fetch tiny/s,
    );
  });

  it('refuses a file that the manifest does not list', async () => {
    await expect(readVerified(folder, 'other.onnx', pack)).rejects.toThrow('does not list');
  });

  it('names a missing file and the command that fixes it', async () => {
    rmSync(join(folder, 'rec.onnx'));

    await expect(readVerified(folder, 'rec.onnx', pack)).rejects.toThrow(
      /rec\.onnx.*missing.*npm run models -- fetch tiny/s,
    );
  });

  it('names a truncated file', async () => {
    writeFileSync(join(folder, 'det.onnx'), content.subarray(1));

    await expect(readVerified(folder, 'det.onnx', pack)).rejects.toThrow(
      /det\.onnx.*21 bytes instead of 22.*fetch tiny/s,
    );
  });

  it.each(Array.from({ length: 8 }, (_, bit) => bit))('notices flipped bit %i', async (bit) => {
    const flipped = Buffer.from(content);
    flipped[11] = (flipped[11] ?? 0) ^ (1 << bit);
    writeFileSync(join(folder, 'rec.onnx'), flipped);

    await expect(readVerified(folder, 'rec.onnx', pack)).rejects.toThrow(/rec\.onnx.*SHA-256.*fetch tiny/s);
  });
});
