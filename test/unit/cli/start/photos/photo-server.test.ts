import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPhotoFolder } from '../../../../../src/cli/start/photos/photo-folder.js';
import { startPhotoServer } from '../../../../../src/cli/start/photos/photo-server.js';
import { openSamplePhotos } from '../../../../../src/cli/start/photos/sample-photos.js';
import { UserError } from '../../../../../src/cli/user-error.js';

describe('photos on loopback', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'face-photos-'));
    for (const name of ['1.jpg', '2.PNG', 'back.webp', 'notes.txt']) writeFileSync(join(folder, name), name);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Sends a path and a host as they are: fetch would tidy both. */
  function statusOf(origin: string, path: string, host = new URL(origin).host): Promise<number | undefined> {
    const { hostname, port } = new URL(origin);
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, path, headers: { host } }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode));
      });
      sent.once('error', reject).end();
    });
  }

  it('serves the photos of a folder, also later ones, and nothing else', async () => {
    const origin = await startPhotoServer(openPhotoFolder(folder));
    writeFileSync(join(folder, 'later.jpg'), 'later');

    const answer = await fetch(`${origin}/2.PNG`);

    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(await answer.text()).toBe('2.PNG');
    expect(await statusOf(origin, '/later.jpg')).toBe(200);
    for (const path of ['/notes.txt', '/', '/../1.jpg', `/..%2f${folder.slice(5)}%2f1.jpg`, '/%E0%A4%A'])
      expect(await statusOf(origin, path)).toBe(404);
  });

  it('does not answer a page of another site whose name resolves to this address', async () => {
    const origin = await startPhotoServer(openPhotoFolder(folder));

    expect(await statusOf(origin, '/1.jpg', 'photos.example')).toBe(404);
    expect(await statusOf(origin, '/1.jpg', `localhost:${new URL(origin).port}`)).toBe(200);
  });

  it('takes the photo named back as reference, otherwise the last one, and repeats missing fronts', () => {
    expect(openPhotoFolder(folder)).toMatchObject({
      fronts: ['1.jpg', '2.PNG', '1.jpg'],
      reference: 'back.webp',
    });
    rmSync(join(folder, 'back.webp'));
    expect(openPhotoFolder(folder)).toMatchObject({
      fronts: ['1.jpg', '1.jpg', '1.jpg'],
      reference: '2.PNG',
    });
  });

  it('refuses a folder without two photos, and one that does not exist', () => {
    rmSync(join(folder, '1.jpg'));
    rmSync(join(folder, '2.PNG'));

    expect(() => openPhotoFolder(folder)).toThrow(/has 1 JPEG, PNG or WebP photos/);
    expect(() => openPhotoFolder(join(folder, 'no'))).toThrow(UserError);
  });

  it('cuts the samples out of an installed package, one face per picture', async () => {
    const samples = openSamplePhotos(resolve('node_modules'));
    if (!samples) throw new Error('the development dependencies are not installed');

    for (const name of [...samples.fronts, samples.reference, 'other.jpg']) {
      const { format, width } = await sharp(await samples.read(name)).metadata();
      expect({ format, wide: width > 300 }).toEqual({ format: 'jpeg', wide: true });
    }
    expect(await samples.read('../sample1.jpg')).toBeUndefined();
    expect(await samples.read('constructor')).toBeUndefined();
    expect(openSamplePhotos('/nowhere')).toBeUndefined();
  });
});
