import type { ImageServer } from '../servers/image-server.js';
import { otherPersonPhoto, photoWithoutFace, samePersonPhotos } from './photos.js';

/** URLs of photos served on loopback. */
export interface PhotoSet {
  /** Reference and three probes of one person. */
  readonly same: {
    readonly front_image1: string;
    readonly front_image2: string;
    readonly front_image3: string;
    readonly back_image: string;
  };
  readonly other: string;
  readonly faceless: string;
}

/** Serves a reference, probes of the same person and of another person, and a picture without a face. */
export async function servePhotos(images: ImageServer): Promise<PhotoSet> {
  const [reference, , probe1, probe2, probe3] = await samePersonPhotos();
  const serve = (path: string, photo: Buffer | undefined): string =>
    images.serve(path, photo ?? Buffer.alloc(0));
  return {
    same: {
      back_image: serve('/reference.jpg', reference),
      front_image1: serve('/probe1.jpg', probe1),
      front_image2: serve('/probe2.jpg', probe2),
      front_image3: serve('/probe3.jpg', probe3),
    },
    other: serve('/other.jpg', await otherPersonPhoto()),
    faceless: serve('/faceless.jpg', await photoWithoutFace()),
  };
}
