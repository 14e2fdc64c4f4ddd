import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchOne, listPacks, verifyPacks } from '../../../../src/cli/models/commands.js';
import { type MadePack, makePack } from '../../../support/builders/model-pack.js';

describe('the model commands', () => {
  let folder: string;
  let lines: string[];
  let pack: MadePack;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'packs-'));
    lines = [];
    pack = makePack('https://models.invalid/mini.zip');
    writeFileSync(join(folder, 'mini.json'), JSON.stringify(pack.manifest));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const options = () => ({
    manifestsDir: folder,
    modelsDir: folder,
    say: (line: string) => lines.push(line),
  });
  function place(name: string, bytes: Buffer | undefined): void {
    mkdirSync(join(folder, 'mini'), { recursive: true });
    writeFileSync(join(folder, 'mini', name), bytes ?? '');
  }

  it('verify a complete pack', async () => {
    for (const [name, bytes] of Object.entries(pack.files)) place(name, bytes);

    await verifyPacks('mini', options());

    expect(lines).toEqual(['mini: all 2 files are correct']);
  });

  it('name a missing and a damaged file and the command that fixes them', async () => {
    const damaged = Buffer.from(pack.files['det.onnx'] ?? '');
    damaged[0] = (damaged[0] ?? 0) ^ 1;
    place('det.onnx', damaged);

    const verification = verifyPacks(undefined, options());

    await expect(verification).rejects.toThrow(`${join(folder, 'mini', 'det.onnx')} is damaged`);
    await expect(verification).rejects.toThrow(`${join(folder, 'mini', 'rec.onnx')} is missing`);
    await expect(verification).rejects.toThrow('npm run models -- fetch mini');
  });

  it('skip packs that were never fetched, unless one is named', async () => {
    await verifyPacks(undefined, options());

    expect(lines).toEqual([]);
    await expect(verifyPacks('mini', options())).rejects.toMatchObject({ name: 'UserError' });
  });

  it('list available packs, their size and their permitted use', async () => {
    await listPacks(options());

    expect(lines[0]).toBe('mini  not fetched  0.2 MB  none, no commercial use');
  });

  it('name the available packs for an unknown name', async () => {
    await expect(fetchOne('maxi', options())).rejects.toThrow('There is no pack maxi. Known: mini.');
  });
});
