import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { fmrAtThreshold } from '../../shared/models/calibration.js';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { renderPng } from '../pictures/encode-picture.js';
import { html } from '../pictures/html.js';
import { readNamedFile } from '../read-named-file.js';
import { UserError } from '../user-error.js';
import { type ComparedPhoto, comparePhotos, type NamedPhoto } from './compare-photos.js';
import { decidePhotos } from './decide-photos.js';
import { drawComparison } from './draw-comparison.js';
import { formatRate } from './format-rate.js';
import { formatTable } from './format-table.js';
import { openVision } from './open-vision.js';

/** A request has three probes and a reference. */
const MOST_PHOTOS = 4;

export interface CompareArguments {
  /** The probes, then the reference. */
  readonly photos: readonly string[];
  readonly pack?: string | undefined;
  readonly threshold?: string | undefined;
  /** Picture of the comparison: `.html` or `.png`. */
  readonly out: string;
}

export interface CompareOutput {
  /** Prints results to standard output. */
  readonly print: (line: string) => void;
  /** Prints notes to standard error. */
  readonly say: (line: string) => void;
}

/**
 * Compares photos as the service would, prints the table and draws the picture. Returns true if every photo could be used.
 * @throws UserError for problems that the user can fix.
 */
export async function compare(args: CompareArguments, { print, say }: CompareOutput): Promise<boolean> {
  requireArguments(args);
  const photos = await readPhotos(args.photos);
  const vision = await openVision(args.pack, say);
  try {
    const { FACE_MATCH_THRESHOLD, FACE_MATCH_MIN_MATCHES: minMatches } = vision.config;
    const { MAX_IMAGE_PIXELS: maxPixels, IMAGE_FORMATS: formats } = vision.config;
    const threshold = readThreshold(args.threshold, FACE_MATCH_THRESHOLD);
    const compared = await comparePhotos(photos, { analyse: (bytes) => vision.analyse(bytes), threshold });
    const basis = `model pack ${vision.model.pack}, threshold ${threshold} (${describeFmr(vision.manifest, threshold)})`;
    print(`The last photo is the reference. ${basis}`);
    for (const line of formatTable(compared)) print(line);
    const decision = decidePhotos(compared, { threshold, minMatches });
    if (decision) print(`The service would answer: ${decision}`);
    const heading = [decision ?? describeSingle(compared), basis] as const;
    await writePicture(args.out, await drawComparison(compared, { heading, limits: { maxPixels, formats } }));
    say(`Picture: ${args.out} (it shows people: keep it where the photos may be kept)`);
    return compared.every(({ error }) => error === undefined);
  } finally {
    await vision.close();
  }
}

function requireArguments({ photos, out }: CompareArguments): void {
  if (photos.length < 2 || photos.length > MOST_PHOTOS)
    throw new UserError('Give two to four photos: one to three probes, then the reference.');
  if (!['.html', '.png'].includes(extname(out).toLowerCase()))
    throw new UserError(`--out is ${out}; it must end in .html or .png.`);
}

async function readPhotos(paths: readonly string[]): Promise<readonly NamedPhoto[]> {
  return Promise.all(paths.map(async (path) => ({ name: basename(path), bytes: await readNamedFile(path) })));
}

function readThreshold(text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  const threshold = text.trim() === '' ? Number.NaN : Number(text);
  if (threshold >= 0 && threshold <= 1) return threshold;
  throw new UserError(`--threshold is ${text}; it must be a number from 0 to 1.`);
}

function describeFmr(manifest: ModelManifest | undefined, threshold: number): string {
  const calibration = manifest?.calibration ?? null;
  const fmr = fmrAtThreshold(calibration, threshold);
  if (!calibration || fmr === undefined) return 'FMR unknown';
  const pairs = calibration.non_mated_pairs?.toLocaleString('en-US') ?? 'an unknown number of';
  return `FMR at most ${formatRate(fmr)} on ${calibration.dataset}, ${pairs} non-mated pairs, ${calibration.date}`;
}

function describeSingle(photos: readonly ComparedPhoto[]): string {
  const judged = photos.filter(({ comparison }) => comparison);
  const matches = judged.filter(({ comparison }) => comparison?.matched).length;
  return judged.length === 0 ? 'Nothing could be compared' : `${matches} of ${judged.length} match`;
}

async function writePicture(path: string, svg: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (extname(path).toLowerCase() === '.png') return writeFile(path, await renderPng(svg));
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>Comparison</title>
<style>:root { color-scheme: light } body { margin: 0; background: #fff } svg { max-width: 100%; min-width: 52rem; height: auto }</style></head>
<body>${{ html: svg }}</body></html>
`;
  return writeFile(path, page.html);
}
