import type { Placement } from '../image/placement.js';
import type { Box } from '../types.js';

/** Neighbouring tiles share this part of their side, so that a face cut by one lies whole in the next. */
const TILE_OVERLAP = 0.3;

/** Largest face looked for in a tile, in parts of its shorter side: the coarse look has it at 60 px or more. */
const LARGEST_IN_TILE = 0.5;

/** The placements that together show all of a content larger than the canvas; the one itself when it fits. */
export function tilesOf(whole: Placement): Placement[] {
  const columns = tileOffsets(whole.content.width, whole.canvas.width);
  const rows = tileOffsets(whole.content.height, whole.canvas.height);
  return rows.flatMap((y) => columns.map((x) => ({ ...whole, offsetX: 0 - x, offsetY: 0 - y })));
}

/**
 * Whether a find is for this view to report. Of a content that needs several tiles it is not when it reaches an edge
 * beyond which the photo goes on, for the next tile shows that face whole, nor when it is large: the coarse look sees
 * large faces, and what looks like one in a tile is texture.
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

/** Evenly spread starts of as few windows as cover `length` with at least TILE_OVERLAP of a window in common. */
function tileOffsets(length: number, window: number): number[] {
  if (length <= window) return [0];
  const gaps = Math.ceil((length - window) / (window * (1 - TILE_OVERLAP)));
  return Array.from({ length: gaps + 1 }, (_, index) => Math.round((index * (length - window)) / gaps));
}
