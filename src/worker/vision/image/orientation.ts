import type { Box } from '../types.js';
import type { ImageInfo } from './inspect-image.js';

/**
 * Converts a region of the upright photo to the stored photo, before its EXIF orientation is applied. Whole pixels in and
 * out; the region must lie inside the photo.
 * @see EXIF 2.32 (CIPA DC-008), tag Orientation: which stored corner is shown top-left.
 */
export function toStoredRegion(region: Box, info: ImageInfo): Box {
  const { x, y, width, height } = region;
  const fromRight = info.width - x - width;
  const fromBottom = info.height - y - height;
  switch (info.orientation) {
    case 2:
      return { x: fromRight, y, width, height };
    case 3:
      return { x: fromRight, y: fromBottom, width, height };
    case 4:
      return { x, y: fromBottom, width, height };
    case 5:
      return { x: y, y: x, width: height, height: width };
    case 6:
      return { x: y, y: fromRight, width: height, height: width };
    case 7:
      return { x: fromBottom, y: fromRight, width: height, height: width };
    case 8:
      return { x: fromBottom, y: x, width: height, height: width };
    default:
      return region;
  }
}
