import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { uploadPhotos } from './upload-photos.js';

/** Paths of files as people have them on their disks. */
export interface PhotoFiles {
  /** Three probes and their reference, id-card.jpg; not in the order of their names. */
  readonly all: readonly string[];
  readonly document: string;
  /** More than 5 MB. */
  readonly tooLarge: string;
  /** Named like a photo. */
  readonly broken: string;
  /** A photo that a test may change or remove. */
  readonly changing: string;
  /** A probe as PNG. */
  readonly png: Buffer;
  remove(): Promise<void>;
}

/** Writes photos of one person and other files into a new folder. */
export async function writePhotoFiles(): Promise<PhotoFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'face-photos-'));
  const write = async (name: string, bytes: Uint8Array): Promise<string> => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };
  const { front_image1, front_image2, front_image3, back_image } = await uploadPhotos();
  return {
    all: [
      await write('selfie 9.jpg', front_image2),
      await write('selfie 10.jpg', front_image3),
      await write('id-card.jpg', back_image),
      await write('selfie 2.jpg', front_image1),
    ],
    document: await write('notes.pdf', Buffer.from('%PDF-1.7')),
    tooLarge: await write('panorama.jpg', Buffer.alloc(5_000_001)),
    broken: await write('broken.jpg', Buffer.from('This is no photo.')),
    changing: await write('changing.jpg', back_image),
    png: await sharp(front_image1).resize(64).png().toBuffer(),
    remove: () => rm(folder, { recursive: true }),
  };
}
