import { alignFace } from '../../worker/vision/face/align-face.js';
import { decodeImage } from '../../worker/vision/image/decode-image.js';
import { createPyramid } from '../../worker/vision/image/image-pyramid.js';
import { type ImageLimits, inspectImage } from '../../worker/vision/image/inspect-image.js';
import type { FaceAnalysis } from '../../worker/vision/types.js';
import { encodeJpegUri } from '../pictures/encode-picture.js';
import { type Html, html } from '../pictures/html.js';
import type { ComparedPhoto } from './compare-photos.js';

/** Sizes of the drawing, px. */
const COLUMN = 280;
const GAP = 20;
const PICTURE = 260;
const HEAD = 74;
const ALIGNED = 112;
const LINE = 18;
const HEIGHT = HEAD + PICTURE + ALIGNED + 7 * LINE + 3 * GAP;
const JPEG_QUALITY = 88;
const NOTICE =
  'This picture contains personal data: store it where the photos may be stored, and delete it with them.';
/** Characters of a file name that fit into a column. Of a longer one the end is shown. */
const NAME_LENGTH = 34;
/** Characters of a sentence that fit into a column. */
const LINE_LENGTH = 38;
/** Least width, px: the heading needs it even for few photos. */
const MIN_WIDTH = 740;

export interface DrawOptions {
  /** Lines above the photos. */
  readonly heading: readonly [string, string];
  readonly limits: ImageLimits;
}

/**
 * Returns the comparison as one SVG: every photo with its face's box and five points, the aligned face that the recogniser
 * gets, and the figures. Contains pictures of people.
 */
export async function drawComparison(
  photos: readonly ComparedPhoto[],
  { heading, limits }: DrawOptions,
): Promise<string> {
  const columns: Html[] = [];
  for (const [index, photo] of photos.entries()) {
    const content = photo.analysis ? await drawFace(photo, photo.analysis, limits) : drawFailure(photo);
    columns.push(html`<g transform="translate(${GAP + index * COLUMN} ${HEAD})">${content}</g>`);
  }
  const width = Math.max(MIN_WIDTH, GAP + photos.length * COLUMN);
  const [title, subtitle] = heading;
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" font-family="system-ui, DejaVu Sans, Arial, sans-serif" font-size="13" fill="#222">
<rect width="${width}" height="${HEIGHT}" fill="#fff"/>
<text x="${GAP}" y="30" font-size="17" font-weight="bold">${title}</text>
<text x="${GAP}" y="52" fill="#555">${subtitle}</text>
${columns}
<text x="${GAP}" y="${HEIGHT - GAP}" font-size="11" fill="#555">${NOTICE}</text>
</svg>`.html;
}

async function drawFace(
  photo: ComparedPhoto,
  analysis: FaceAnalysis,
  limits: DrawOptions['limits'],
): Promise<Html> {
  const options = { info: await inspectImage(photo.bytes, limits), maxPixels: limits.maxPixels };
  const whole = await decodeImage(photo.bytes, options);
  const aligned = await encodeJpegUri(alignFace(createPyramid(whole), analysis.face.landmarks), 95);
  const small = await decodeImage(photo.bytes, { ...options, targetLongEdgePx: PICTURE });
  const picture = await encodeJpegUri(small, JPEG_QUALITY);
  const { x, y, width, height } = analysis.face.box;
  const points = Array.from({ length: 5 }, (_, index) => ({
    x: (analysis.face.landmarks[index * 2] ?? 0) * small.scale,
    y: (analysis.face.landmarks[index * 2 + 1] ?? 0) * small.scale,
  }));
  const scaled = [x, y, width, height].map((value) => value * small.scale);
  const [left = 0, top = 0, wide = 0, high = 0] = scaled;
  return html`<image href="${picture}" width="${small.width}" height="${small.height}"/>
<rect x="${left}" y="${top}" width="${wide}" height="${high}" fill="none" stroke="#00e5ff" stroke-width="2"/>
${points.map((point) => html`<circle cx="${point.x}" cy="${point.y}" r="2.5" fill="#ffeb3b" stroke="#222" stroke-width=".7"/>`)}
<image href="${aligned}" y="${PICTURE + GAP}" width="${ALIGNED}" height="${ALIGNED}"/>
${drawLines(describe(photo, analysis))}`;
}

function drawFailure(photo: ComparedPhoto): Html {
  return html`<rect width="${PICTURE}" height="${PICTURE}" fill="#f2f2f2"/>
${drawLines([shorten(photo.name), photo.role, photo.error?.code ?? '', ...wrapLines(photo.error?.message ?? '')])}`;
}

function drawLines(lines: readonly string[]): Html {
  const top = PICTURE + ALIGNED + 2 * GAP;
  return html`${lines.map((line, index) => html`<text y="${top + (index + 1) * LINE}"${index === 0 ? { html: ' font-weight="bold"' } : ''}>${line}</text>`)}`;
}

function describe({ name, role, comparison }: ComparedPhoto, analysis: FaceAnalysis): readonly string[] {
  const { face, quality, facesFound, width, height } = analysis;
  const verdict = comparison
    ? `similarity ${comparison.similarity.toFixed(4)}: ${comparison.matched ? 'matches' : 'does not match'}`
    : '';
  return [
    shorten(name),
    `${role}, ${width} × ${height} px, ${facesFound} ${facesFound === 1 ? 'face' : 'faces'}`,
    `face ${Math.round(face.box.width)} px wide, score ${face.score.toFixed(3)}`,
    `quality ${quality.score.toFixed(3)}, turned ${Math.round(quality.yawDeg)}°, tilted ${Math.round(quality.rollDeg)}°`,
    verdict,
  ];
}

/** Splits text between words into lines of at most LINE_LENGTH characters. */
function wrapLines(text: string): readonly string[] {
  return text.match(new RegExp(`\\S.{0,${LINE_LENGTH - 1}}(?=\\s|$)`, 'g')) ?? [];
}

function shorten(name: string): string {
  return name.length > NAME_LENGTH ? `…${name.slice(1 - NAME_LENGTH)}` : name;
}
