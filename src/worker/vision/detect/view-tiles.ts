import type { Placement } from '../image/placement.js';
import type { Box } from '../types.js';

/** Fraction of their side that neighbouring tiles share, so that a face cut by one tile is whole in the next. */
const TILE_OVERLAP = 0.3;

/** Largest face to report from a tile, as a fraction of its shorter side. The coarse pass shows it at 60 px or more. */
const LARGEST_IN_TILE = 0.5;

/** Returns the placements that together show all of the content; only the given one if it fits on the canvas. */
export function tilesOf(whole: Placement): Placement[] {
  const columns = tileOffsets(whole.content.width, whole.canvas.width);
  const rows = tileOffsets(whole.content.height, whole.canvas.height);
  return rows.flatMap((y) => columns.map((x) => ({ ...whole, offsetX: 0 - x, offsetY: 0 - y })));
}

/**
 * True if this tile should report a detection. If the content needs several tiles, a face that touches an inner edge is
 * left to the next tile, which shows it whole. Large faces are left to the coarse pass; in a tile they are only texture.
 */
export function isOfTile(box: Box, { canvas, content, offsetX, offsetY }: Placement): boolean {
  if (content.width <= canvas.width && content.height <= canvas.height) return true;
  const isCut =
    (offsetX < 0 && box.x < 1) ||
    (offsetY < 0 && box.y < 1) ||
    (offsetX + content.width > canvas.width && box.x + box.width > canvas.width - 1) ||
    (offsetY + content.height > canvas.height && box.y + box.height > canvas.height - 1);
  return !isCut && Math.max(box.width, box.height) <= LARGEST_IN_TILE * Math.min(canvas.width, canvas.height);
}

/** Returns evenly spaced offsets of the fewest windows that cover `length` and overlap by at least TILE_OVERLAP. */
function tileOffsets(length: number, window: number): number[] {
  if (length <= window) return [0];
  const gaps = Math.ceil((length - window) / (window * (1 - TILE_OVERLAP)));
  return Array.from({ length: gaps + 1 }, (_, index) => Math.round((index * (length - window)) / gaps));
}
