import { type Html, html } from '../../../src/cli/pictures/html.js';
import type { EvaluationReport, NotablePair } from '../results/report.js';
import { formatScore } from './format-rate.js';

/** A small picture of a photo with its face's box. */
export interface Thumbnail {
  /** `data:image/jpeg;base64,…` */
  readonly dataUri: string;
  /** Size of the picture, px. */
  readonly width: number;
  readonly height: number;
  /** The face's box, in pixels of the picture. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** Thumbnails by the name of their photo. */
export type Thumbnails = ReadonlyMap<string, Thumbnail>;

/** Returns the hardest pairs of each kind, with pictures if available. */
export function pairsSection({ worst, threshold }: EvaluationReport, thumbnails: Thumbnails): Html {
  const lists = [
    { title: 'Mated pairs with the lowest similarity', pairs: worst.mated },
    { title: 'Non-mated pairs with the highest similarity', pairs: worst.nonMated },
  ];
  return html`<h2>The hardest pairs</h2>
<p class="small">Check these before you trust the figures: wrong labels show here first, and so do photos in which the wrong
face was selected.</p>
${lists.map(({ title, pairs }) => {
  const cards = pairs.map((pair) => pairCard(pair, thumbnails, threshold));
  return html`<h3>${title}</h3><div class="pairs">${cards}</div>`;
})}`;
}

function pairCard(
  { probe, reference, similarity }: NotablePair,
  thumbnails: Thumbnails,
  threshold: number,
): Html {
  const verdict = similarity >= threshold ? 'matches' : 'does not match';
  return html`<figure><div>${[probe, reference].map((name) => picture(thumbnails.get(name)))}</div>
<figcaption><strong>${formatScore(similarity)}</strong> ${verdict}<br>${probe}<br>${reference}</figcaption></figure>`;
}

function picture(thumbnail: Thumbnail | undefined): Html {
  if (!thumbnail) return html``;
  const { dataUri, width, height, box } = thumbnail;
  return html`<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"><image href="${dataUri}" width="${width}" height="${height}"/><rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}"/></svg>`;
}

/** Returns the list of photos that could not be used. */
export function failuresSection({ acquisition }: EvaluationReport): Html {
  if (acquisition.failures.length === 0)
    return html`<h2>Failures to acquire</h2><p>None: every photo could be used.</p>`;
  return html`<h2>Failures to acquire</h2>
<table><thead><tr><th scope="col">photo</th><th scope="col">reason</th></tr></thead>
${acquisition.failures.map(({ photo, code }) => html`<tr><td>${photo}</td><td><code>${code}</code></td></tr>`)}</table>`;
}
