import { encodeJpegUri } from '../../../src/cli/pictures/encode-picture.js';
import { decodeImage } from '../../../src/worker/vision/image/decode-image.js';
import { type ImageLimits, inspectImage } from '../../../src/worker/vision/image/inspect-image.js';
import type { Box } from '../../../src/worker/vision/types.js';
import type { EvaluationState } from '../measure/evaluation-state.js';
import type { Thumbnail, Thumbnails } from '../page/pictures-section.js';
import type { EvaluationPlan } from '../plan/evaluation-plan.js';
import type { NotablePair } from './report.js';

/** Longer edge of a thumbnail, px. */
const THUMBNAIL_EDGE_PX = 160;
const JPEG_QUALITY = 70;

export interface ThumbnailSources {
  readonly plan: EvaluationPlan;
  readonly state: EvaluationState;
  readonly readPhoto: (name: string) => Promise<Uint8Array>;
  readonly limits: ImageLimits;
}

/** Returns a thumbnail with the face's box for every photo of the pairs. */
export async function makeThumbnails(
  pairs: readonly NotablePair[],
  { plan, state, readPhoto, limits }: ThumbnailSources,
): Promise<Thumbnails> {
  const thumbnails = new Map<string, Thumbnail>();
  for (const name of new Set(pairs.flatMap(({ probe, reference }) => [probe, reference]))) {
    const record = state.records[plan.photos.indexOf(name)];
    if (!record?.usable) continue;
    const bytes = await readPhoto(name);
    const image = await decodeImage(bytes, {
      info: await inspectImage(bytes, limits),
      maxPixels: limits.maxPixels,
      targetLongEdgePx: THUMBNAIL_EDGE_PX,
    });
    thumbnails.set(name, {
      dataUri: await encodeJpegUri(image, JPEG_QUALITY),
      width: image.width,
      height: image.height,
      box: scaleBox(record.face.box, image.scale),
    });
  }
  return thumbnails;
}

function scaleBox({ x, y, width, height }: Box, scale: number): Box {
  const tenth = (value: number): number => Math.round(value * scale * 10) / 10;
  return { x: tenth(x), y: tenth(y), width: tenth(width), height: tenth(height) };
}
