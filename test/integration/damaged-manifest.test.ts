import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { serviceEnvironment, startProgram } from '../support/programs/service.js';

interface Block {
  score: { direction: string; features: Record<string, unknown> };
  limits: Record<string, number>;
}

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A models folder with the embedded pack, whose recognisability block `damage` changes. */
function damageBlock(damage: (block: Block) => void): string {
  const models = mkdtempSync(join(tmpdir(), 'face-models-'));
  folders.push(models);
  const manifest = JSON.parse(readFileSync('models/lite.json', 'utf8')) as { recognisability: Block };
  damage(manifest.recognisability);
  writeFileSync(join(models, 'lite.json'), JSON.stringify(manifest));
  symlinkSync(resolve('models/lite'), join(models, 'lite'));
  return models;
}

describe('a worker whose manifest has a damaged recognisability block', () => {
  it.each([
    [
      'recognisability.score.direction',
      (block: Block) => {
        block.score.direction = Buffer.alloc(2_048, 0xff).toString('base64');
      },
    ],
    [
      'recognisability.score.features',
      (block: Block) => {
        block.score.features.sharpnes = { mean: 0, weight: 1 };
      },
    ],
    [
      'recognisability.limits.flawed',
      (block: Block) => {
        delete block.limits.flawed;
      },
    ],
  ])('does not start, and names %s', async (part, damage) => {
    const env = serviceEnvironment('redis://127.0.0.1:1', { MODELS_DIR: damageBlock(damage) });
    const worker = startProgram('worker', env);

    const [code] = await once(worker.process, 'close');

    expect(code).toBe(1);
    expect(worker.errors.join('\n')).toContain(part);
  });
});
