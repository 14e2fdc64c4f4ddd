import sharp from 'sharp';

/** A part of a photo, px from its top left corner. */
export interface Cut {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly mirrored?: boolean;
  /** Width of the result, px. Absent: as in the photo. */
  readonly widthPx?: number;
}

/** Returns a JPEG of a part of the photo at `path`. @throws Error if it cannot be read. */
export function cutPhoto(path: string, { left, top, width, height, ...look }: Cut): Promise<Buffer> {
  const picture = sharp(path).extract({ left, top, width, height });
  if (look.widthPx) picture.resize(look.widthPx);
  if (look.mirrored) picture.flop();
  return picture.jpeg({ quality: 85 }).toBuffer();
}
