import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  digestOf,
  type PackFiles,
  readVerified,
  verifyPack,
} from '../../../../src/worker/vision/verify-pack.js';

const folder = mkdtempSync(join(tmpdir(), 'verify-pack-'));
const content = Buffer.from('the weights of a model');
const sha256 = createHash('sha256').update(content).digest('hex');
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

describe('verifyPack', () => {
  it('takes a pack whose files are whole', async () => {
    await expect(verifyPack(folder, pack)).resolves.toBeUndefined();
  });

  it('names a missing file and the command that mends it', async () => {
    rmSync(join(folder, 'rec.onnx'));

    await expect(verifyPack(folder, pack)).rejects.toThrow(
      /rec\.onnx.*missing.*npm run models -- fetch tiny/s,
    );
  });

  it('names a file that was cut off', async () => {
    writeFileSync(join(folder, 'det.onnx'), content.subarray(1));

    await expect(verifyPack(folder, pack)).rejects.toThrow(/det\.onnx.*21 bytes instead of 22.*fetch tiny/s);
  });

  it.each(Array.from({ length: 8 }, (_, bit) => bit))('notices flipped bit %i', async (bit) => {
    const flipped = Buffer.from(content);
    flipped[11] = (flipped[11] ?? 0) ^ (1 << bit);
    writeFileSync(join(folder, 'rec.onnx'), flipped);

    await expect(verifyPack(folder, pack)).rejects.toThrow(/rec\.onnx.*SHA-256.*fetch tiny/s);
  });
});

describe('readVerified', () => {
  it('returns the bytes it has verified', async () => {
    expect(await readVerified(folder, 'det.onnx', pack)).toEqual(content);
  });

  it('refuses a file that the manifest does not list', async () => {
    await expect(readVerified(folder, 'other.onnx', pack)).rejects.toThrow('does not list');
  });
});

describe('digestOf', () => {
  it('is the SHA-256 of FIPS 180-2 for "abc"', () => {
    expect(digestOf(Buffer.from('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});
