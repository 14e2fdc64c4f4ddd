import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LITE_FOLDER, liteManifest } from '../photos/vision-settings.js';

/** A pack that can be used beside `lite`. */
export interface SecondPack {
  /** Its folder, for INSIGHTFACE_MODEL or SHADOW_MODEL. */
  readonly folder: string;
  remove(): void;
}

/**
 * Makes the pack `lite-rgb` of the models of `lite`, whose recogniser gets red and blue in the wrong order: a real pack that
 * works a little worse and needs no download.
 */
export function makeSecondPack(): SecondPack {
  const root = mkdtempSync(join(tmpdir(), 'face-pack-'));
  const folder = join(root, 'lite-rgb');
  mkdirSync(folder);
  for (const name of readdirSync(LITE_FOLDER)) symlinkSync(join(LITE_FOLDER, name), join(folder, name));
  const { self_test: _numbers, recognisability: _block, ...manifest } = liteManifest();
  const recogniser = { ...manifest.recogniser, channels: 'rgb' };
  writeFileSync(
    join(folder, 'manifest.json'),
    JSON.stringify({ ...manifest, name: 'lite-rgb', recogniser, calibration: null }),
  );
  return { folder, remove: () => rmSync(root, { recursive: true }) };
}
