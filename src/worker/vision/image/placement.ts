import type { FaceDetection } from '../types.js';

/** Clockwise quarter turns of a photo before detection. */
export type QuarterTurns = 0 | 1 | 2 | 3;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Position of a photo on a detector's input ("canvas"), px of the canvas. The rest of the canvas is padding. */
export interface Placement {
  readonly canvas: Size;
  /** Size of the turned and scaled photo; can be larger than the canvas. */
  readonly content: Size;
  /** Position of the content's top left corner on the canvas; negative if the canvas shows only a part of it. */
  readonly offsetX: number;
  readonly offsetY: number;
  readonly quarterTurns: QuarterTurns;
  /** Pixels of the turned photo per pixel of the canvas, along the canvas's axes. Used to map results back. */
  readonly stepX: number;
  readonly stepY: number;
}

/** Returns the size of a photo after clockwise quarter turns. */
export function turnedSize({ width, height }: Size, quarterTurns: QuarterTurns): Size {
  return quarterTurns % 2 === 0 ? { width, height } : { width: height, height: width };
}

/**
 * Returns the placement of a photo at the top left of a canvas with its longer edge scaled to `longEdgePx` (both sides
 * rounded to whole pixels, at least 1).
 */
export function placeTopLeft(
  photo: Size,
  view: { readonly canvas: Size; readonly longEdgePx: number; readonly quarterTurns: QuarterTurns },
): Placement {
  const turned = turnedSize(photo, view.quarterTurns);
  const scale = view.longEdgePx / Math.max(turned.width, turned.height);
  const content = {
    width: Math.max(1, Math.round(turned.width * scale)),
    height: Math.max(1, Math.round(turned.height * scale)),
  };
  return {
    canvas: view.canvas,
    content,
    offsetX: 0,
    offsetY: 0,
    quarterTurns: view.quarterTurns,
    stepX: turned.width / content.width,
    stepY: turned.height / content.height,
  };
}

/**
 * Returns InsightFace's placement of a photo on a square canvas: lengths are truncated to whole pixels, and both axes use
 * the step of the height, although truncation makes them differ slightly.
 * @see deepinsight/insightface python-package/insightface/model_zoo/scrfd.py, SCRFD.detect (MIT)
 */
export function placeLikeInsightFace(photo: Size, sidePx: number): Placement {
  const ratio = photo.height / photo.width;
  const content =
    ratio > 1
      ? { width: Math.max(1, Math.floor(sidePx / ratio)), height: sidePx }
      : { width: sidePx, height: Math.max(1, Math.floor(sidePx * ratio)) };
  const step = photo.height / content.height;
  const canvas = { width: sidePx, height: sidePx };
  return { canvas, content, offsetX: 0, offsetY: 0, quarterTurns: 0, stepX: step, stepY: step };
}

/** Converts a face from pixels of the canvas to pixels of the unturned photo; `face` is untouched. */
export function mapToPhoto(face: FaceDetection, placement: Placement, photo: Size): FaceDetection {
  const { box } = face;
  const landmarks = new Float32Array(face.landmarks.length);
  for (let i = 0; i < landmarks.length; i += 2) {
    const [x, y] = pointToPhoto(face.landmarks[i]!, face.landmarks[i + 1]!, { placement, photo });
    landmarks[i] = x;
    landmarks[i + 1] = y;
  }
  const to = { placement, photo };
  const [x1, y1] = pointToPhoto(box.x, box.y, to);
  const [x2, y2] = pointToPhoto(box.x + box.width, box.y + box.height, to);
  return {
    box: { x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1) },
    score: face.score,
    landmarks,
  };
}

function pointToPhoto(
  canvasX: number,
  canvasY: number,
  { placement, photo }: { placement: Placement; photo: Size },
): [number, number] {
  const x = (canvasX - placement.offsetX) * placement.stepX;
  const y = (canvasY - placement.offsetY) * placement.stepY;
  switch (placement.quarterTurns) {
    case 0:
      return [x, y];
    case 1:
      return [y, photo.height - x];
    case 2:
      return [photo.width - x, photo.height - y];
    case 3:
      return [photo.width - y, x];
  }
}
