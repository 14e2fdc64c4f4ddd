import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dropForeignBinaries } from '../../../scripts/setup/drop-foreign-binaries.mjs';

describe('dropForeignBinaries', () => {
  let modules: string;
  const folderOf = (name: string): string => join(modules, 'onnxruntime-node/bin/napi-v6', name);
  beforeEach(() => {
    modules = mkdtempSync(join(tmpdir(), 'face-modules-'));
    for (const name of ['linux/x64', 'linux/arm64', 'win32/x64', 'darwin/arm64']) {
      mkdirSync(folderOf(name), { recursive: true });
      writeFileSync(join(folderOf(name), 'library'), '');
    }
  });
  afterEach(() => rmSync(modules, { recursive: true }));

  it('keeps the libraries of this system and processor, and no others', () => {
    dropForeignBinaries(modules, { platform: 'linux', arch: 'x64' });
    dropForeignBinaries(modules, { platform: 'linux', arch: 'x64' });

    expect(existsSync(join(folderOf('linux/x64'), 'library'))).toBe(true);
    for (const name of ['linux/arm64', 'win32/x64', 'darwin/arm64'])
      expect(existsSync(folderOf(name))).toBe(false);
  });

  it('keeps all of them on an unsupported system', () => {
    dropForeignBinaries(modules, { platform: 'freebsd', arch: 'x64' });

    expect(existsSync(folderOf('linux/x64'))).toBe(true);
  });

  it('has nothing to do without the package', () => {
    expect(() => dropForeignBinaries('/nowhere', { platform: 'linux', arch: 'x64' })).not.toThrow();
  });
});
